/* history.c - from what a worker found in a message to what is asked of its past, and back. */
#include "mail/mail_private.h"

#include "chain/chain.h"

#include <stdio.h>

/* "2026-06-09T06:12:00+02:00", as parse.c writes it. False: no date. */
static bool read_when(struct slice s, nstime *t, int *hour)
{
	static const struct { uint8_t at, n; uint16_t most; } rows[] = {{0, 4, 9999}, {5, 2, 12}, {8, 2, 31}, {11, 2, 23}, {14, 2, 59}, {17, 2, 60}, {20, 2, 23}, {23, 2, 59}};
	uint64_t v[ARRAY_LEN(rows)];
	if (s.n != 25)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (!slice_u64(slice_make(s.p + rows[i].at, rows[i].n), rows[i].most, &v[i]))
			return false;
	if (v[0] < 1970 || v[0] > 2200 || !v[1] || !v[2])
		return false;
	int64_t east = ((int64_t)v[6] * 60 + (int64_t)v[7]) * 60 * (s.p[19] == '-' ? -1 : 1);
	*t = days_from_civil((int64_t)v[0], (unsigned)v[1], (unsigned)v[2]) * NS_DAY + ((int64_t)((v[3] * 60 + v[4]) * 60 + v[5]) - east) * NS_SEC;
	*hour = (int)v[3];
	return true;
}

/* Of the object, or one of a mailbox: not what somebody attached. */
static bool was_received(const struct lure_object *o, const struct lure_object *x)
{
	if (x->type != LT_EML && x->type != LT_MBOX)
		return false;
	return x->parent == UINT32_MAX || (o[x->parent].parent == UINT32_MAX && o[x->parent].type == LT_MBOX);
}

static void add(struct slice *list, size_t *n, size_t most, struct slice value)
{
	for (size_t i = 0; i < *n; i++)
		if (slice_eq(list[i], value))
			return;
	if (value.n && *n < most)
		list[(*n)++] = value;
}

/* A hash of hashes: who writes both messages must not find two that look the same. */
static void content(struct contact_mail *m, struct slice s)
{
	struct buf b = {0};
	buf_addf(&b, "%s %zu ", m->content, s.n);
	buf_adds(&b, s);
	chain_sha256(buf_slice(&b), m->content);
	buf_free(&b);
}

static void take_fact(struct contact_mail *m, struct slice name, struct slice value, nstime now)
{
	const struct { const char *name; struct slice *to; } texts[] = {{"mail.message-id", &m->id}, {"mail.from", &m->from}, {"mail.site", &m->site}, {"mail.name", &m->name}, {"mail.person", &m->person}, {"mail.program", &m->program}};
	int hour;
	const struct { const char *name; bool *to; } flags[] = {{"mail.job", &m->job}, {"mail.channel", &m->channel}};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (slice_eqz(name, texts[i].name))
			*texts[i].to = value;
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (slice_eqz(name, flags[i].name))
			*flags[i].to = true;
	if (slice_eqz(name, "mail.bulk"))
		m->stranger = false;
	else if (slice_eqz(name, "mail.recipient"))
		add(m->to, &m->nto, CONTACT_RECIPIENTS_MAX, value);
	else if (slice_eqz(name, "mail.linked"))
		add(m->sites, &m->nsites, CONTACT_LIST_MAX, value);
	else if (slice_eqz(name, "mail.date"))
		(void)read_when(value, &m->date, &m->hour);
	else if (slice_eqz(name, "mail.received")) /* comes after the date, and says more */
		(void)read_when(value, &m->date, &hour);
	m->date = MIN(m->date, now); /* nobody has a future */
	if (slice_starts(name, SL("mail.")) && !slice_eqz(name, "mail.received"))
		content(m, value);
}

/* What can carry a program, or hides what it carries. */
static bool is_package(const struct lure_object *o)
{
	static const enum lure_type types[] = {LT_ZIP, LT_SEVENZIP, LT_RAR, LT_TAR, LT_CAB, LT_PACKED, LT_AR, LT_ISO, LT_UDF, LT_VHD, LT_VHDX, LT_DISK, LT_LNK, LT_URLFILE, LT_RDP, LT_SCRIPT, LT_HTML, LT_SVG, LT_PE, LT_MSI, LT_ELF,
		LT_MACHO, LT_JAR, LT_CHM, LT_ONENOTE, LT_MOBILECONFIG, LT_CODE_PACKAGE};
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (o->type == types[i])
			return true;
	return o->encrypted || o->opened;
}

static void take_part(struct contact_mail *m, const struct lure_object *o)
{
	if (o->type == LT_BINARY_PICTURE || o->type == LT_ICS || o->type == LT_VCARD || o->type == LT_EMPTY)
		return; /* signatures, invitations */
	add(m->kinds, &m->nkinds, CONTACT_LIST_MAX, slice_of(lure_type_name(o->type)));
	content(m, slice_of(o->sha256));
	m->weight = MAX(m->weight, is_package(o) ? WEIGHT_PACKAGE : WEIGHT_FILE);
}

static bool is_partner(const struct org *org, const struct contact_mail *m)
{
	size_t n = 0;
	const struct slice *v = org ? org_partners(org, &n) : NULL;
	for (size_t i = 0; i < n; i++)
		if (slice_ieq(v[i], m->site))
			return true;
	return org && org_person_by_mail(org, m->from);
}

/* A partner's or our own site is no place that a link leads away to. */
static void drop_known_sites(struct contact_mail *m, const struct org *org)
{
	size_t n = 0, np = 0;
	const struct slice *v = org ? org_partners(org, &np) : NULL;
	for (size_t i = 0; i < m->nsites; i++) {
		bool known = org && org_domain_own(org, m->sites[i]);
		for (size_t k = 0; k < np; k++)
			known |= slice_ieq(v[k], m->sites[i]);
		if (!known)
			m->sites[n++] = m->sites[i];
	}
	m->nsites = n;
}

static void settle(struct contact_mail *m, const struct lure *l, uint32_t id, const struct org *org)
{
	static const enum indicator asks[] = {IND_MAIL_SECURITY_TALK, IND_MAIL_CREDENTIALS, IND_MAIL_VIEWER, IND_MAIL_ENABLE, IND_MAIL_CODE_TEST, IND_MAIL_CHANNEL, IND_MAIL_PAYMENT};
	for (size_t i = 0; i < ARRAY_LEN(asks); i++)
		if (lure_object_has(l, id, asks[i])) {
			add(m->asks, &m->nasks, CONTACT_LIST_MAX, slice_of(indicator_table[asks[i]].id));
			content(m, slice_of(indicator_table[asks[i]].id));
		}
	drop_known_sites(m, org);
	bool ours = org && org_domain_own(org, m->site);
	m->own = ours && m->stranger && !lure_object_has(l, id, IND_MAIL_OWN_NOT_AUTHENTIC);
	m->stranger = m->stranger && !ours && !is_partner(org, m);
	if (lure_object_has(l, id, IND_MAIL_LINK_DRIVE))
		m->weight = WEIGHT_PACKAGE;
	else if (m->nsites)
		m->weight = MAX(m->weight, WEIGHT_FILE);
}

size_t mail_history_read(const struct lure *l, const struct org *org, nstime now, struct arena *mem, struct mail_past **out)
{
	const struct lure_object *o;
	const struct lure_note *note;
	size_t n = lure_objects(l, &o), nnotes = lure_notes(l, &note), count = 0, kept = 0;
	struct mail_past **of = arena_alloc(mem, (n + 1) * sizeof(struct mail_past *)), *v;
	for (size_t i = 0; i < n; i++)
		count += was_received(o, &o[i]);
	*out = v = arena_alloc(mem, (count + 1) * sizeof *v);
	for (size_t i = 0; i < n; i++) {
		of[i] = was_received(o, &o[i]) ? &v[kept++] : NULL;
		if (of[i])
			*of[i] = (struct mail_past){.object = (uint32_t)i, .mail = {.date = now, .hour = -1, .stranger = true}};
	}
	for (size_t i = 0; i < nnotes; i++)
		if (of[note[i].object])
			take_fact(&of[note[i].object]->mail, slice_of(note[i].name), note[i].value, now);
	for (size_t i = 0; i < n; i++)
		if (o[i].parent != UINT32_MAX && of[o[i].parent] && o[i].how == LURE_PART && !of[i])
			take_part(&of[o[i].parent]->mail, &o[i]);
	for (size_t i = count; i-- > 0;) { /* what is attached to the only message of a mailbox; parents come first */
		uint32_t parent = o[v[i].object].parent;
		if (parent != UINT32_MAX && of[parent] && of[parent]->mail.from.n)
			v[i].mail.from = SLICE_NONE;
	}
	kept = 0;
	for (size_t i = 0; i < count; i++)
		if (v[i].mail.from.n) { /* else it could not be read, or it is a whole mailbox */
			settle(&v[i].mail, l, v[i].object, org);
			v[kept++] = v[i];
		}
	return kept;
}

void mail_history_tell(struct lure *l, uint32_t object, const struct contact_signs *s)
{
	const struct { uint32_t sign; enum indicator indicator; const char *text; } rows[] = {
		{CONTACT_FIRST, IND_MAIL_FIRST_CONTACT, s->first}, {CONTACT_NEW_ADDRESS, IND_MAIL_NEW_ADDRESS_OF_KNOWN, s->address}, {CONTACT_RAMP, IND_MAIL_TRUST_RAMP, s->ramp},
		{CONTACT_UNUSUAL, IND_MAIL_UNUSUAL_OF_OWN, s->unusual},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (s->signs & rows[i].sign)
			lure_found(l, object, rows[i].indicator, UINT64_MAX, "history", "%s", rows[i].text);
}

void mail_content(const struct lure *l, char out[static 65])
{
	struct arena mem;
	struct mail_past *v;
	const struct lure_object *o;
	arena_init(&mem);
	size_t n = mail_history_read(l, NULL, 0, &mem, &v);
	bool read = n && v[0].object == 0;
	snprintf(out, 65, "%s", read ? v[0].mail.content : lure_objects(l, &o) ? o[0].sha256 : "");
	arena_free(&mem);
}
