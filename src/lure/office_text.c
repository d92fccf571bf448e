/* office_text.c - spreadsheets as text: csv whose cells are formulas, and SYLK, which may be a sheet of Excel 4 macros. */
#include "lure/office_private.h"

enum { CELLS_MAX = 100000 };

/* ---- csv ------------------------------------------------------------------------------------------------------------------------- */
/* A cell from here on: to the separator, or the end of its quotes. */
static struct slice cell(struct slice s)
{
	char quote = s.n && s.p[0] == '"' ? '"' : 0;
	size_t n = quote ? 1 : 0;
	while (n < s.n && s.p[n] != '\n' && !(quote ? s.p[n] == quote : s.p[n] == ',' || s.p[n] == ';' || s.p[n] == '\t'))
		n++;
	return slice_sub(s, quote ? 1 : 0, n - (quote ? 1 : 0));
}

static void csv(struct office *o, struct slice s)
{
	if (slice_chr(s, '|') < 0 && !slice_ihas(s, SL("WEBSERVICE(")) && !slice_ihas(s, SL("IMPORTXML(")))
		return;
	bool start = true;
	unsigned cells = 0;
	for (size_t i = 0; i < s.n && cells < CELLS_MAX && !lure_stop(o->l); i++) {
		char c = s.p[i];
		if (start && c != ' ') {
			struct slice t = cell(slice_from(s, i));
			if (t.n > 3 && (t.p[0] == '=' || t.p[0] == '+' || t.p[0] == '-' || t.p[0] == '@')) {
				cells++;
				/* The whole line: a quoted topic may hold separators */
				struct slice line = slice_from(s, i + (c == '"'));
				ssize_t end = slice_chr(line, '\n');
				formula_dde(o, slice_to(slice_trim(end < 0 ? line : slice_to(line, (size_t)end)), 1024), "cell");
			}
		}
		start = c == ',' || c == ';' || c == '\t' || c == '\n' || (start && c == ' ');
	}
}

/* ---- SYLK --------------------------------------------------------------------------------------------------------------------------- */
/* Fields of a record are divided by ';', which doubled is one. */
static bool field(struct slice *rest, struct slice *out)
{
	if (rest->n == 0)
		return false;
	size_t n = 0;
	while (n < rest->n && !(rest->p[n] == ';' && !(n + 1 < rest->n && rest->p[n + 1] == ';')))
		n += rest->p[n] == ';' ? 2 : 1;
	*out = slice_to(*rest, n);
	*rest = slice_from(*rest, n + 1);
	return true;
}

static void sylk_record(struct office *o, struct slice line, bool *macro)
{
	struct slice kind, f;
	if (!field(&line, &kind))
		return;
	bool name = slice_eqz(kind, "NN"), options = slice_eqz(kind, "O"), content = slice_eqz(kind, "C"), external = slice_eqz(kind, "NE");
	while (field(&line, &f)) {
		if (options && slice_eqz(f, "E") && !*macro) {
			*macro = true;
			office_found(o, IND_OFFICE_XLM, "SYLK", SL("a sheet of Excel 4 macros (O;E)"));
		} else if (name && f.n > 1 && f.p[0] == 'N' && xlm_auto_name(slice_from(f, 1))) {
			office_found(o, IND_OFFICE_XLM_AUTORUN, "SYLK", slice_from(f, 1));
		} else if ((content || external) && f.n > 1 && f.p[0] == 'E') {
			if (*macro)
				xlm_formula_text(o, slice_from(f, 1), "SYLK");
			formula_dde(o, slice_from(f, 1), "SYLK");
		}
	}
}

static void sylk(struct office *o, struct slice s)
{
	struct slice line;
	bool macro = false;
	while (s.n && !lure_stop(o->l)) {
		if (!slice_cut(&s, '\n', &line)) {
			line = s;
			s = SLICE_NONE;
		}
		sylk_record(o, slice_to(slice_trim(line), 8192), &macro);
	}
}

void parse_sheet(struct lure *l, uint32_t id, struct slice bytes)
{
	struct office o;
	office_start(&o, l, id, bytes);
	if (bytes.n >= 2 && bytes.p[0] == '\xff' && bytes.p[1] == '\xfe')
		bytes = office_utf16(&o, slice_from(bytes, 2));
	if (slice_starts(bytes, SL("ID;")))
		sylk(&o, bytes);
	else
		csv(&o, bytes);
	office_end(&o);
}
