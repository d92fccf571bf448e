/* text.c - the report for a terminal: incidents as short stories, findings by level, the ledger. */
#include "report/life.h"

#include <stdio.h>

enum { FINDINGS_PER_LEVEL = 12, FILES_SHOWN = 12, PROBLEMS_SHOWN = 12, BLIND_SHOWN = 8 };

struct page {
	struct buf *out;
	const struct report_input *in;
	const struct report_text_options *opt;
};

static const char *const colors[LEVEL_COUNT] = {"2", "36", "33", "31", "1;37;41"};

static void color_on(const struct page *p, const char *code)
{
	if (p->opt->color)
		buf_addf(p->out, "\033[%sm", code);
}

static void color_off(const struct page *p)
{
	if (p->opt->color)
		buf_addz(p->out, "\033[0m");
}

static void level_tag(const struct page *p, enum level l)
{
	color_on(p, colors[l]);
	for (const char *c = level_name(l); *c; c++)
		buf_addc(p->out, (char)(*c - 'a' + 'A'));
	color_off(p);
}

static void heading(const struct page *p, const char *text)
{
	buf_addc(p->out, '\n');
	color_on(p, "1");
	buf_addz(p->out, text);
	color_off(p);
	buf_addc(p->out, '\n');
}

void text_wrap(struct buf *out, struct slice text, unsigned start, unsigned indent, unsigned width)
{
	struct buf safe = {0};
	buf_term(&safe, text);
	struct slice rest = buf_slice(&safe), word;
	unsigned at = start;
	bool first = true;
	width = MAX(width, 40u);
	while (slice_word(&rest, &word)) {
		if (!first && at + 1 + word.n > width) {
			buf_addf(out, "\n%*s", (int)indent, "");
			at = indent;
		} else if (!first) {
			buf_addc(out, ' ');
			at++;
		}
		buf_adds(out, word);
		at += (unsigned)word.n;
		first = false;
	}
	buf_addc(out, '\n');
	buf_free(&safe);
}

static void wrap_from(const struct page *p, struct slice text, unsigned start, unsigned indent)
{
	text_wrap(p->out, text, start, indent, p->opt->width);
}

static void wrapped(const struct page *p, struct slice text, unsigned indent)
{
	wrap_from(p, text, indent, indent);
}

static const char *number(uint64_t n, char buf[static 32])
{
	char plain[32];
	int len = snprintf(plain, sizeof plain, "%llu", (unsigned long long)n), o = 0;
	for (int i = 0; i < len && o < 31; i++) {
		buf[o++] = plain[i];
		if ((len - i - 1) % 3 == 0 && i + 1 < len)
			buf[o++] = ',';
	}
	buf[o] = 0;
	return buf;
}

/* ---- incidents ----------------------------------------------------------------------------------------------- */

static void entity_line(const struct page *p, const struct incident *in, enum entity_type t, const char *label)
{
	size_t shown = 0;
	for (size_t i = 0; i < in->nentities; i++) {
		if (in->entities[i].type != t)
			continue;
		if (shown == 6) {
			buf_addz(p->out, ", ...");
			break;
		}
		if (!shown)
			buf_addf(p->out, "  %-9s", label);
		else
			buf_addz(p->out, ", ");
		struct slice v = in->entities[i].value;
		const struct org_provider *op = t == ENT_PROVIDER ? org_provider(p->in->org, v) : NULL;
		buf_term(p->out, op ? op->name : slice_to(v, 100));
		shown++;
	}
	if (shown)
		buf_addc(p->out, '\n');
}

static void stage_line(const struct page *p, const struct incident *in)
{
	if (!in->nstages)
		return;
	buf_addz(p->out, "  Stages   ");
	unsigned at = 11;
	for (int st = STAGE_NONE + 1; st < STAGE_COUNT; st++) {
		bool seen = in->stage_first[st] != NSTIME_NONE;
		unsigned len = (unsigned)strlen(stage_name((enum stage)st)) + (seen ? 0 : 2);
		if (st > STAGE_NONE + 1) {
			buf_addz(p->out, p->opt->width >= 110 ? " > " : ">");
			at += p->opt->width >= 110 ? 3 : 1;
		}
		if (at + len + 1 > p->opt->width && at > 11) {
			buf_addf(p->out, "\n%11s", "");
			at = 11;
		}
		at += len;
		color_on(p, seen ? "1" : "2");
		buf_addf(p->out, "%s%s%s", seen ? "" : "(", stage_name((enum stage)st), seen ? "" : ")");
		color_off(p);
	}
	buf_addc(p->out, '\n');
}

static void incident_text(const struct page *p, const struct incident *in)
{
	char a[40], b[40];
	buf_addc(p->out, '\n');
	level_tag(p, in->level);
	buf_addz(p->out, "  ");
	wrap_from(p, in->title, (unsigned)strlen(level_name(in->level)) + 2, 2);
	buf_addf(p->out, "  Incident %s, %.16s to %.16s UTC\n", in->id, time_plain(in->first, a), time_plain(in->last, b));
	buf_addz(p->out, "  Why      ");
	wrapped(p, in->level_reason, 11);
	entity_line(p, in, ENT_PROVIDER, "Provider");
	entity_line(p, in, ENT_PERSON, "Persons");
	entity_line(p, in, ENT_USER, "Accounts");
	entity_line(p, in, ENT_SOURCE, "From");
	entity_line(p, in, ENT_HOST, "On");
	entity_line(p, in, ENT_DOMAIN, "Outside");
	stage_line(p, in);
	buf_addc(p->out, '\n');
	const struct slice *lines = p->opt->verbose ? in->narrative : in->story;
	size_t n = p->opt->verbose ? in->nnarrative : in->nstory;
	for (size_t i = 0; i < n; i++) {
		buf_addz(p->out, "  ");
		wrap_from(p, lines[i], 2, 20);
	}
	if (in->nnot_seen) {
		buf_addz(p->out, "\n  Not seen yet, look for:\n");
		for (size_t i = 0; i < in->nnot_seen; i++) {
			buf_addz(p->out, "  - ");
			wrapped(p, in->not_seen[i], 4);
		}
	}
	buf_addz(p->out, "\n  What to do now:\n");
	for (size_t i = 0; i < in->nsteps; i++) {
		buf_addf(p->out, "  %zu. ", i + 1);
		wrapped(p, in->steps[i], 5);
	}
}

static void incidents_text(const struct page *p)
{
	size_t n = incidents_count(p->in->incidents);
	if (!n) {
		heading(p, "No incidents");
		buf_addz(p->out, "Nothing was found that needs a story. The ledger below says what was looked at, and what was not.\n");
		return;
	}
	char title[64];
	snprintf(title, sizeof title, "%zu incident%s", n, n == 1 ? "" : "s");
	heading(p, title);
	for (size_t i = 0; i < n; i++)
		incident_text(p, incidents_get(p->in->incidents, i));
}

/* ---- findings ------------------------------------------------------------------------------------------------ */

static void finding_text(const struct page *p, const struct finding *f)
{
	char t[40], n[32];
	buf_addf(p->out, "  %.16s  ", time_plain(f->first, t));
	wrapped(p, f->title, 20);
	if (!p->opt->verbose)
		return;
	buf_addf(p->out, "%20s%.*s, %s line%s\n%20s", "", SLFMT(f->rule_id), number(f->count, n), f->count == 1 ? "" : "s", "");
	wrapped(p, f->text, 20);
	for (size_t i = 0; i < f->nevidence; i++) {
		const struct evidence *e = &f->evidence[i];
		if (e->source < p->in->ledger->nfiles) {
			buf_addf(p->out, "%20s", "");
			buf_term(p->out, p->in->ledger->files[e->source].path);
			buf_addf(p->out, ":%llu: ", (unsigned long long)e->offset);
		}
		buf_term(p->out, slice_to(e->raw, 240));
		buf_addc(p->out, '\n');
	}
}

/* One level's findings; those that the incidents above tell of are only counted, unless everything is wanted. */
static void level_text(const struct page *p, enum level level)
{
	size_t n = incidents_findings(p->in->incidents), all = 0, joined = 0, shown = 0;
	for (size_t i = 0; i < n; i++) {
		const struct finding *f = incidents_finding(p->in->incidents, i);
		all += f->level == level;
		joined += f->level == level && f->joined;
	}
	if (!all)
		return;
	level_tag(p, level);
	buf_addf(p->out, " %zu", all);
	if (joined && !p->opt->verbose)
		buf_addf(p->out, joined == all ? ", all told above" : ", of which %zu are told above; the others:", joined);
	buf_addc(p->out, '\n');
	for (size_t i = 0; i < n; i++) {
		const struct finding *f = incidents_finding(p->in->incidents, i);
		if (f->level != level || (f->joined && !p->opt->verbose))
			continue;
		if (p->opt->verbose || shown++ < FINDINGS_PER_LEVEL)
			finding_text(p, f);
	}
	if (!p->opt->verbose && shown > FINDINGS_PER_LEVEL)
		buf_addf(p->out, "  ... and %zu more (--verbose tells all)\n", shown - FINDINGS_PER_LEVEL);
}

static void findings_text(const struct page *p)
{
	size_t n = incidents_findings(p->in->incidents), below = 0;
	heading(p, n ? "Findings" : "No findings");
	for (int l = LEVEL_COUNT - 1; l >= (int)p->opt->min_level; l--)
		level_text(p, (enum level)l);
	for (size_t i = 0; i < n; i++)
		below += incidents_finding(p->in->incidents, i)->level < p->opt->min_level;
	if (below)
		buf_addf(p->out, "  %zu below level %s not shown (--min-level)\n", below, level_name(p->opt->min_level));
}

/* ---- ledger -------------------------------------------------------------------------------------------------- */

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void ledger_totals(const struct page *p, const struct ledger *l)
{
	char a[40], b[40], n1[32], n2[32];
	uint64_t understood = l->decoded + l->unwanted;
	buf_addf(p->out, "  %s lines, %.1f MB, %zu file%s", number(l->lines, n1), (double)l->bytes / 1e6, l->nfiles, l->nfiles == 1 ? "" : "s");
	if (l->seconds > 0)
		buf_addf(p->out, ", in %.1f s", l->seconds);
	if (!l->nfiles)
		buf_addz(p->out, "\n  no log was found: name a folder that holds some, or a file; --all reads other text files, too");
	if (l->first != NSTIME_NONE)
		buf_addf(p->out, "\n  from %s to %s UTC", time_plain(l->first, a), time_plain(l->last, b));
	buf_addf(p->out, "\n  understood %s (%.1f %%), of programs without a decoder %s (%.1f %%)", number(understood, n1), percent(understood, l->lines),
		number(l->other, n2), percent(l->other, l->lines));
	buf_addf(p->out, ",\n  not understood %s (%.1f %%)", number(l->unknown, n1), percent(l->unknown, l->lines));
	buf_addf(p->out, ", of no known format %s (%.1f %%)\n", number(l->no_format, n2), percent(l->no_format, l->lines));
	if (l->too_long)
		buf_addf(p->out, "  too long and skipped: %s lines over %d bytes\n", number(l->too_long, n1), LIMIT_LINE);
	if (l->invalid_utf8)
		buf_addf(p->out, "  not valid UTF-8: %s lines (read all the same)\n", number(l->invalid_utf8, n1));
	if (l->late)
		buf_addf(p->out, "  out of order beyond the bound: %s events (judged all the same, late)\n", number(l->late, n1));
	if (l->forgotten)
		buf_addf(p->out, "  detectors had to forget %s entries: memory is bounded\n", number(l->forgotten, n1));
	if (l->findings_dropped)
		buf_addf(p->out, "  findings beyond %d of a level, counted only: %s\n", LIMIT_FINDINGS, number(l->findings_dropped, n1));
	if (l->given_up)
		buf_addf(p->out, "  regular expressions of rules given up at their limit: %s times (taken for no match; --stats names the rules looked at)\n",
			 number(l->given_up, n1));
	for (size_t i = 0; i < l->nsuppressed; i++) {
		const struct ledger_suppressed *s = &l->suppressed[i];
		buf_addf(p->out, "  %s %.10s: %s finding%s of ", s->ended ? "suppression that ended after" : "suppressed until", time_plain(s->until - NS_DAY, a),
			 number(s->count, n1), s->count == 1 ? "" : "s");
		buf_term(p->out, s->rule);
		buf_addz(p->out, ": ");
		buf_term(p->out, s->reason);
		buf_addc(p->out, '\n');
	}
	if (l->org_file.n) {
		buf_addz(p->out, "  organisation: ");
		buf_term(p->out, l->org_file);
		buf_addc(p->out, '\n');
	} else {
		buf_addz(p->out, "  organisation: none given; with an org.yaml providers, own hosts and hours are known (man org.yaml)\n");
	}
}

static uint64_t not_understood(const struct ledger_file *f)
{
	return f->unknown + f->no_format;
}

/* The files of which least was understood come first; the rest only with --verbose. */
static void ledger_files(const struct page *p, const struct ledger *l)
{
	char n1[32], n2[32];
	size_t shown = 0;
	for (size_t i = 0; i < l->nfiles; i++) {
		const struct ledger_file *f = &l->files[i];
		bool bad = not_understood(f) * 20 > f->lines && f->lines;
		if (!p->opt->verbose && (!bad || shown >= FILES_SHOWN))
			continue;
		if (!shown++)
			buf_addf(p->out, "\n  %s\n", p->opt->verbose ? "Files:" : "Files of which more than 5 % was not understood (--verbose lists all):");
		buf_addz(p->out, "  ");
		buf_term(p->out, f->path);
		buf_addf(p->out, ": %s lines, %s not understood%s\n", number(f->lines, n1), number(not_understood(f), n2), f->year_inferred ? ", year inferred" : "");
		for (size_t k = 0; bad && k < f->nexamples && k < 2; k++) {
			buf_addf(p->out, "    e.g. at byte %llu: ", (unsigned long long)f->example[k].offset);
			buf_term(p->out, slice_to(f->example[k].text, 100));
			buf_addc(p->out, '\n');
		}
	}
}

static void ledger_troubles(const struct page *p, const struct ledger *l)
{
	if (l->nproblems)
		buf_addf(p->out, "\n  Inputs with problems (%llu):\n", (unsigned long long)l->problems_total);
	for (size_t i = 0; i < l->nproblems && (p->opt->verbose || i < PROBLEMS_SHOWN); i++) {
		buf_addf(p->out, "  %.*s: ", SLFMT(l->problems[i].kind));
		buf_term(p->out, l->problems[i].path);
		buf_addz(p->out, ": ");
		buf_term(p->out, l->problems[i].text);
		buf_addc(p->out, '\n');
	}
	if (!p->opt->verbose && l->nproblems > PROBLEMS_SHOWN)
		buf_addf(p->out, "  ... and %llu more (--verbose)\n", (unsigned long long)(l->problems_total - PROBLEMS_SHOWN));
	if (l->nblind)
		buf_addz(p->out, "\n  Blind spots:\n");
	for (size_t i = 0; i < l->nblind && (p->opt->verbose || i < BLIND_SHOWN); i++) {
		buf_addz(p->out, "  - ");
		buf_term(p->out, l->blind[i].host);
		buf_addz(p->out, ": ");
		buf_term(p->out, l->blind[i].what);
		buf_addz(p->out, "; ");
		wrapped(p, l->blind[i].advice, 4);
	}
	if (!p->opt->verbose && l->nblind > BLIND_SHOWN)
		buf_addf(p->out, "  ... and %zu more (--verbose)\n", l->nblind - BLIND_SHOWN);
}

void report_text(struct buf *out, const struct report_input *in, const struct report_text_options *opt)
{
	struct page p = {out, in, opt};
	struct slice name = org_name(in->org);
	color_on(&p, "1");
	buf_addf(out, "Postern %s", in->version);
	color_off(&p);
	if (name.n) {
		buf_addz(out, " - ");
		buf_term(out, name);
	}
	buf_addc(out, '\n');
	if (in->life) {
		for (size_t i = 0; i < incidents_count(in->incidents); i++)
			incident_text(&p, incidents_get(in->incidents, i));
		life_text(out, in->life, opt->width);
		findings_text(&p);
		return;
	}
	incidents_text(&p);
	findings_text(&p);
	heading(&p, "Ledger");
	ledger_totals(&p, in->ledger);
	ledger_files(&p, in->ledger);
	ledger_troubles(&p, in->ledger);
}
