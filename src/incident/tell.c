/* tell.c - what happened, how bad it is and why, what is missing, what to do: in words. */
#include "incident/incident_private.h"

#include <stdio.h>
#include <stdlib.h>

enum { CHAIN_LAST = STAGE_DISTRIBUTION, SENTENCES_MAX = 40, HOPS_MAX = 60, ENTITIES_MAX = 200 };

/* Advice per stage: where to look while it is not seen, what to do once it is. */
static const struct {
	const char *look, *act;
} advice[STAGE_COUNT] = {
	[STAGE_ENTRY] = {"logins from outside in the weeks before: which account and address came first?",
		"Close the door first: remove the account's keys from authorized_keys on every host, end its sessions, and tell the provider by telephone."},
	[STAGE_TOOLS] = {"downloads by service accounts and new files in web folders, /tmp and /dev/shm",
		"Keep copies of the fetched files and web scripts before removing them; do not reboot until memory and disks are saved."},
	[STAGE_TUNNEL] = {"long connections from servers to outside addresses in the firewall's log",
		"Block the tunnel's outside address at the firewall; look for other hosts that speak to it."},
	[STAGE_CREDENTIALS] = {"reads of shadow and private keys, packet captures, new lines in authorized_keys, new accounts and sudo rights",
		"Treat every password and key that lay on or passed these hosts as taken: replace them, root's and the service accounts' first. Remove what was planted."},
	[STAGE_MOVED] = {"logins from server to server by accounts that had not logged in to the first one",
		"Take the hosts that were reached off the network one by one; check each for the same account, key and address."},
	[STAGE_IMPERSONATION] = {"mail logins of managers and administrators from new networks; rules that forward mail",
		"Change the mailbox's password, end its sessions, remove forwarding rules; warn by telephone that mail in this name is not from this person."},
	[STAGE_DISTRIBUTION] = {"new files in folders that are installed from, and mail with attachments to many",
		"Stop the roll-out, take the file out of the folder, list the machines that have it; recall the mail and say openly what it was."},
	[STAGE_COVER] = {"hours without lines, stopped auditing, wiped histories", "Ask other hosts, the firewall and the provider for their view of the hours that are missing."},
};

/* Has it been taken already? Marks it. At most ENTITIES_MAX of 1024 places are ever used. */
static bool taken(const struct entity *in, uint16_t place[static 1024], const struct entity *e, size_t number)
{
	size_t at = hash_mix(hash_bytes(e->value.p, e->value.n), e->type) & 1023;
	for (; place[at]; at = (at + 1) & 1023)
		if (in[place[at] - 1].type == e->type && slice_eq(in[place[at] - 1].value, e->value))
			return true;
	place[at] = (uint16_t)(number + 1);
	return false;
}

static void collect_entities(struct incidents *s, struct incident *in)
{
	static const enum entity_type order[] = {ENT_PROVIDER, ENT_PERSON, ENT_USER, ENT_SOURCE, ENT_KEY, ENT_HOST, ENT_DEST_HOST, ENT_MAIL, ENT_PROFILE,
		ENT_DOMAIN, ENT_FILE, ENT_HASH, ENT_COMMAND};
	uint16_t place[1024] = {0};
	in->entities = arena_alloc(&s->mem, ENTITIES_MAX * sizeof *in->entities);
	for (size_t o = 0; o < ARRAY_LEN(order); o++)
		for (size_t i = 0; i < in->nfindings; i++)
			for (size_t k = 0; k < in->findings[i]->nentities && in->nentities < ENTITIES_MAX; k++) {
				struct entity e = in->findings[i]->entities[k];
				if (e.type == order[o] && !taken(in->entities, place, &e, in->nentities))
					in->entities[in->nentities++] = e;
			}
}

static struct slice first_entity(const struct incident *in, enum entity_type t)
{
	for (size_t i = 0; i < in->nentities; i++)
		if (in->entities[i].type == t)
			return in->entities[i].value;
	return SLICE_NONE;
}

static void collect_stages(struct incident *in)
{
	in->first = in->last = NSTIME_NONE;
	for (int st = 0; st < STAGE_COUNT; st++)
		in->stage_first[st] = NSTIME_NONE;
	for (size_t i = 0; i < in->nfindings; i++) {
		struct finding *f = in->findings[i];
		in->first = in->first == NSTIME_NONE ? f->first : MIN(in->first, f->first);
		in->last = in->last == NSTIME_NONE ? f->last : MAX(in->last, f->last);
		in->level = MAX(in->level, f->level);
		if (in->stage_first[f->stage] == NSTIME_NONE)
			in->stage_first[f->stage] = f->first;
		struct finding *best = in->stage_finding[f->stage];
		if (!best || f->level > best->level)
			in->stage_finding[f->stage] = f;
	}
	for (int st = STAGE_NONE + 1; st < STAGE_COUNT; st++)
		in->nstages += in->stage_first[st] != NSTIME_NONE;
}

static enum stage last_stage(const struct incident *in)
{
	for (int st = CHAIN_LAST; st > STAGE_NONE; st--)
		if (in->stage_first[st] != NSTIME_NONE)
			return (enum stage)st;
	return STAGE_NONE;
}

/* "; crown jewels reached: db1, files1", or nothing: what org.yaml says is worth most. */
static struct slice jewels_reached(struct incidents *s, const struct incident *in)
{
	struct slice text = SLICE_NONE;
	for (size_t i = 0; i < in->nentities; i++) {
		const struct entity *e = &in->entities[i];
		if (e->type != ENT_HOST || !org_host_has_role(org_host(s->org, e->value), SL("crown-jewel")))
			continue;
		incident_printf(s, &text, "%.*s%s%.*s", SLFMT(text), text.n ? ", " : "; crown jewels reached: ", SLFMT(e->value));
	}
	return text;
}

static void judge(struct incidents *s, struct incident *in)
{
	struct slice jewels = jewels_reached(s, in);
	enum stage last = last_stage(in);
	const char *far = last ? stage_title(last) : "";
	bool grave = in->stage_first[STAGE_MOVED] != NSTIME_NONE || in->stage_first[STAGE_DISTRIBUTION] != NSTIME_NONE || jewels.n;
	if (in->nstages >= 4 && grave && in->level >= LEVEL_HIGH) {
		in->level = LEVEL_CRITICAL;
		incident_printf(s, &in->level_reason, "%zu stages of one chain were seen, as far as \"%s\"; single findings reach %s%.*s", in->nstages, far,
			level_name(LEVEL_HIGH), SLFMT(jewels));
	} else if (in->nstages >= 3) {
		in->level = MAX(in->level, LEVEL_HIGH);
		incident_printf(s, &in->level_reason, "%zu stages of one chain were seen, as far as \"%s\"%.*s", in->nstages, far, SLFMT(jewels));
	} else {
		struct finding *worst = in->findings[0];
		for (size_t i = 1; i < in->nfindings; i++)
			if (in->findings[i]->level > worst->level)
				worst = in->findings[i];
		incident_printf(s, &in->level_reason, "its worst finding is %s: %.*s%.*s", level_name(worst->level), SLFMT(worst->rule_name), SLFMT(jewels));
	}
}

/* Somebody was sent something, and said so, or the mail filter did: case 2. */
struct told { const struct finding *first /* a person's word before the filter's */; size_t reports, mails; };

static struct told who_told(const struct incident *in)
{
	struct told t = {0};
	const struct finding *mail = NULL;
	for (size_t i = 0; i < in->nfindings; i++) {
		const struct finding *f = in->findings[i];
		if (slice_eqz(f->rule_id, INCIDENT_REPORT_RULE)) {
			t.first = t.first ? t.first : f;
			t.reports++;
		} else if (slice_eqz(f->rule_id, INCIDENT_MAIL_RULE)) {
			mail = mail ? mail : f;
			t.mails += (size_t)f->count;
		}
	}
	t.first = t.first ? t.first : mail;
	return t;
}

static bool name_lure(struct incidents *s, struct incident *in)
{
	struct told t = who_told(in);
	size_t hosts = 0;
	char how[80];
	if (!t.first)
		return false;
	struct slice sender = finding_get(t.first, ENT_MAIL).n ? finding_get(t.first, ENT_MAIL) : finding_get(t.first, ENT_PROFILE), file = finding_get(t.first, ENT_FILE);
	for (size_t i = 0; i < in->nentities; i++)
		hosts += in->entities[i].type == ENT_HOST;
	in->kind = SL("lure");
	snprintf(how, sizeof how, "reported %zu time%s", t.reports, t.reports == 1 ? "" : "s");
	incident_printf(s, &in->title, "%s: %.*s%s%.*s, %s%s%s%.*s%s", in->level >= LEVEL_HIGH ? "Lure" : "Perhaps a lure", SLFMT(file.n ? file : SL("a message")), sender.n ? " from " : "", SLFMT(sender),
		t.reports ? how : "", t.reports ? t.mails ? ", seen by the mail filter" : "" : "seen by the mail filter", hosts ? "; traces on " : "", SLFMT(first_entity(in, ENT_HOST)), hosts > 1 ? " and others" : "");
	return true;
}

static void name_it(struct incidents *s, struct incident *in)
{
	struct slice provider = first_entity(in, ENT_PROVIDER), user = first_entity(in, ENT_USER), host = first_entity(in, ENT_HOST);
	const struct org_provider *p = org_provider(s->org, provider);
	const struct finding *entry = in->stage_finding[STAGE_ENTRY];
	if (entry && finding_get(entry, ENT_HOST).n)
		host = finding_get(entry, ENT_HOST);
	if (entry && finding_get(entry, ENT_USER).n)
		user = finding_get(entry, ENT_USER);
	enum stage last = last_stage(in);
	if (p && in->nstages >= 2) {
		const struct org_person *who = org_person_by_account(s->org, user);
		in->kind = SL("side-door");
		incident_printf(s, &in->title, "Side door: %.*s%s%.*s%s of provider %.*s came in on %.*s and got as far as \"%s\"", SLFMT(user), who ? " (" : "",
			who ? (int)who->name.n : 0, who ? who->name.p : "", who ? ")" : "", SLFMT(p->name), SLFMT(host), stage_title(last));
	} else if (name_lure(s, in)) {
		return;
	} else if (in->nstages >= 3) {
		in->kind = SL("intrusion");
		incident_printf(s, &in->title, "Intrusion on %.*s%s%.*s, as far as \"%s\"", SLFMT(host), user.n ? " with " : "", SLFMT(user), stage_title(last));
	} else {
		in->kind = SL("suspicion");
		in->title = in->findings[0]->title;
		for (size_t i = 1; i < in->nfindings; i++)
			if (in->findings[i]->level == in->level) {
				in->title = in->findings[i]->title;
				break;
			}
	}
}

static void number_it(struct incident *in)
{
	struct civil c = civil_of(in->first);
	uint64_t h = HASH_STABLE_INIT;
	const struct finding *f = in->findings[0];
	h = hash_stable(h, f->uid, strlen(f->uid));
	snprintf(in->id, sizeof in->id, "%04d%02u%02uT%02u%02u%02uZ-%08x", c.year, c.month, c.day, c.hour, c.minute, c.second, (unsigned)(h ^ h >> 32));
}

/* A finding's title without "(Jan Jansen of provider Hafenlicht)" behind the account: the incident's head names them. */
static struct slice short_title(struct incidents *s, const struct incident *in, const struct finding *f)
{
	struct slice title = f->title;
	for (size_t i = 0; i < in->nentities; i++) {
		struct slice open, head;
		if (in->entities[i].type != ENT_PERSON)
			continue;
		incident_printf(s, &open, " (%.*s", SLFMT(in->entities[i].value));
		ssize_t at = slice_find(title, open);
		struct slice rest = at < 0 ? SLICE_NONE : slice_from(title, (size_t)at);
		if (at >= 0 && slice_cut(&rest, ')', &head))
			incident_printf(s, &title, "%.*s%.*s", (int)at, title.p, SLFMT(rest));
	}
	return title;
}

/* "tunnel: "; what belongs to no stage of the chain stands beside those that do. */
static const char *part_title(const struct incident *in, enum stage stage)
{
	return stage ? stage_title(stage) : in->nstages ? "also" : "";
}

static const char *part_end(const struct incident *in, enum stage stage)
{
	return stage || in->nstages ? ": " : "";
}

static void narrate(struct incidents *s, struct incident *in)
{
	in->narrative = arena_alloc(&s->mem, (SENTENCES_MAX + 1) * sizeof *in->narrative);
	for (size_t i = 0; i < in->nfindings && i < SENTENCES_MAX; i++) {
		const struct finding *f = in->findings[i];
		char t[40];
		incident_printf(s, &in->narrative[in->nnarrative++], "%.16s  %s%s%.*s", time_plain(f->first, t), part_title(in, f->stage), part_end(in, f->stage),
			SLFMT(short_title(s, in, f)));
	}
	if (in->nfindings > SENTENCES_MAX)
		incident_printf(s, &in->narrative[in->nnarrative++], "and %zu more findings", in->nfindings - SENTENCES_MAX);
}

static size_t findings_of_stage(const struct incident *in, enum stage stage)
{
	size_t n = 0;
	for (size_t i = 0; i < in->nfindings; i++)
		n += in->findings[i]->stage == stage;
	return n;
}

/* The stages in the order they began; STAGE_NONE last. Returns how many. */
static size_t stages_by_time(const struct incident *in, enum stage order[STAGE_COUNT])
{
	size_t n = 0;
	for (int st = STAGE_NONE + 1; st < STAGE_COUNT; st++) {
		if (in->stage_first[st] == NSTIME_NONE)
			continue;
		size_t at = n++;
		for (; at > 0 && in->stage_first[order[at - 1]] > in->stage_first[st]; at--)
			order[at] = order[at - 1];
		order[at] = (enum stage)st;
	}
	if (in->stage_first[STAGE_NONE] != NSTIME_NONE)
		order[n++] = STAGE_NONE;
	return n;
}

static void tell_short(struct incidents *s, struct incident *in)
{
	enum stage order[STAGE_COUNT];
	size_t n = stages_by_time(in, order);
	in->story = arena_alloc(&s->mem, STAGE_COUNT * sizeof *in->story);
	for (size_t i = 0; i < n; i++) {
		char t[40], more[40] = "";
		size_t others = findings_of_stage(in, order[i]) - 1;
		if (others)
			snprintf(more, sizeof more, " (and %zu more)", others);
		incident_printf(s, &in->story[in->nstory++], "%.16s  %s%s%.*s%s", time_plain(in->stage_first[order[i]], t), part_title(in, order[i]), part_end(in, order[i]),
			SLFMT(short_title(s, in, in->stage_finding[order[i]])), more);
	}
}

static void advise(struct incidents *s, struct incident *in)
{
	in->not_seen = arena_alloc(&s->mem, STAGE_COUNT * sizeof *in->not_seen);
	in->steps = arena_alloc(&s->mem, (STAGE_COUNT + 5) * sizeof *in->steps);
	struct slice *step = in->steps;
	if (slice_eq(in->kind, SL("lure"))) {
		*step++ = who_told(in).reports ? SL("Thank those who reported it, and ask all who got it whether they opened it. A machine on which it was opened leaves the network, but stays on until memory and disk are saved.")
			: SL("Ask all who got it whether they opened it. A machine on which it was opened leaves the network, but stays on until memory and disk are saved.");
		*step++ = SL("Look for the sender and the file's SHA-256 in the mail server's log, all mailboxes and endpoints; warn everybody who got it, by telephone.");
	}
	if (slice_eq(in->kind, SL("suspicion")) && in->level < LEVEL_HIGH) { /* most of these are ordinary work */
		*step++ = SL("Ask the person whether this was them; if it was, write it into org.yaml, so that it is not asked again.");
		in->nsteps = 1;
		return;
	}
	if (in->level >= LEVEL_HIGH)
		*step++ = SL("Do not warn the intruder: talk by telephone, not by mail. Write down what you do and when.");
	for (int st = STAGE_NONE + 1; st < STAGE_COUNT; st++) {
		if (in->stage_first[st] != NSTIME_NONE)
			*step++ = slice_of(advice[st].act);
		else if (in->nstages >= 2 && st <= CHAIN_LAST)
			incident_printf(s, &in->not_seen[in->nnot_seen++], "%s: %s", stage_title((enum stage)st), advice[st].look);
	}
	if (in->level >= LEVEL_HIGH)
		*step++ = SL("Save the logs named below, with their hashes, before they rotate away; report to your CERT and, in Germany, to the BfV or BSI.");
	in->nsteps = (size_t)(step - in->steps);
}

static struct slice place_name(const struct org *org, struct slice address)
{
	struct ip ip;
	const struct org_host *h = ip_parse(address, &ip) ? org_host_by_ip(org, &ip) : NULL;
	return h ? h->name : address;
}

static void add_hop(struct incident *in, struct slice from, struct slice to, const struct finding *f)
{
	struct slice account = finding_get(f, ENT_USER);
	if (!from.n || !to.n || slice_eq(from, to))
		return;
	for (size_t i = 0; i < in->nhops; i++) {
		struct incident_hop *h = &in->hops[i];
		if (slice_eq(h->from, from) && slice_eq(h->to, to) && slice_eq(h->account, account)) {
			h->count += f->count;
			return;
		}
	}
	if (in->nhops < HOPS_MAX)
		in->hops[in->nhops++] = (struct incident_hop){from, to, account, f->first, f->count, true};
}

/* The steps of a login path before the one that was told: context, unless a finding tells them itself. */
static void add_path(struct incident *in, const struct finding *f)
{
	for (size_t k = 0; k < f->nhops; k++) {
		const struct login_hop *h = &f->hops[k];
		bool known = false;
		for (size_t i = 0; i < in->nhops && !known; i++)
			known = slice_eq(in->hops[i].from, h->from) && slice_eq(in->hops[i].to, h->to) && slice_eq(in->hops[i].account, h->account);
		if (!known && in->nhops < HOPS_MAX && !slice_eq(h->from, h->to))
			in->hops[in->nhops++] = (struct incident_hop){h->from, h->to, h->account, h->time, 1, k + 1 == f->nhops};
	}
}

static void draw(struct incidents *s, struct incident *in)
{
	in->hops = arena_alloc(&s->mem, HOPS_MAX * sizeof *in->hops);
	for (size_t i = 0; i < in->nfindings; i++) {
		const struct finding *f = in->findings[i];
		struct slice source = finding_get(f, ENT_SOURCE), host = finding_get(f, ENT_HOST);
		add_path(in, f);
		if (source.n && host.n)
			add_hop(in, place_name(s->org, source), host, f);
		/* a tunnel or fetch leads out */
		if (f->stage == STAGE_TUNNEL || f->stage == STAGE_TOOLS)
			add_hop(in, host, finding_get(f, ENT_DOMAIN), f);
	}
}

void incident_tell(struct incidents *s, struct incident *in)
{
	collect_entities(s, in);
	collect_stages(in);
	judge(s, in);
	name_it(s, in);
	number_it(in);
	narrate(s, in);
	tell_short(s, in);
	advise(s, in);
	draw(s, in);
}
