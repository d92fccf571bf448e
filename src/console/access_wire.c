/* access_wire.c - the gate and sessions as bytes: written by the broker, read by the web process as if somebody else had written them. */
#include "console/access.h"

enum {
	GATE_WIRE = 0x31544147, SESSIONS_WIRE = 0x31535345,
	TEXT_MOST = 4096, PROVIDERS = 2000, PERSONS = 20000, KEYS = 64, ACCOUNTS = 64, HOSTS = 512, SOURCES = 128, WINDOWS = 64, COMMANDS = 128, SESSIONS = 5000,
};

/* ---- writing ---------------------------------------------------------------------------------------------------------------------------------------- */

/* What somebody made longer than it can be read again is cut: it must not hide all the rest. */
static void put_text(struct buf *b, struct slice s)
{
	buf_sized(b, slice_to(s, TEXT_MOST));
}

static uint32_t put_count(struct buf *b, size_t n, size_t most)
{
	buf_u32(b, (uint32_t)MIN(n, most));
	return (uint32_t)MIN(n, most);
}

static void put_texts(struct buf *b, const struct slice *v, size_t n, size_t most)
{
	n = put_count(b, n, most);
	for (size_t i = 0; i < n; i++)
		put_text(b, v[i]);
}

static void put_time(struct buf *b, nstime t)
{
	buf_u64(b, (uint64_t)t);
}

static void put_provider(struct buf *b, const struct gate_provider *x)
{
	put_text(b, x->id);
	put_text(b, x->name);
	put_text(b, x->reason);
	buf_u32(b, x->state);
	put_time(b, x->until);
}

static void put_person(struct buf *b, const struct gate_person *x)
{
	put_text(b, x->id);
	put_text(b, x->name);
	put_text(b, x->provider);
	put_text(b, x->reason);
	buf_u32(b, x->state);
	put_texts(b, x->accounts, x->naccounts, ACCOUNTS);
	for (size_t i = 0, n = put_count(b, x->nkeys, KEYS); i < n; i++) {
		const struct gate_key *k = &x->keys[i];
		put_text(b, k->fingerprint);
		put_text(b, k->type);
		put_text(b, k->comment);
		buf_u32(b, k->hardware | (uint32_t)k->certificate << 1);
	}
}

static void put_grant(struct buf *b, const struct gate_grant *x)
{
	const struct slice texts[] = {x->id, x->person, x->provider, x->account, x->zone, x->requester, x->approver, x->purpose, x->ticket, x->reason, x->wanter};
	const nstime times[] = {x->from, x->until, x->created, x->decided, x->wanted};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		put_text(b, texts[i]);
	for (size_t i = 0; i < ARRAY_LEN(times); i++)
		put_time(b, times[i]);
	put_texts(b, x->hosts, x->nhosts, HOSTS);
	put_texts(b, x->commands, x->ncommands, COMMANDS);
	for (size_t i = 0, n = put_count(b, x->nsources, SOURCES); i < n; i++) {
		buf_add(b, x->sources[i].net.b, sizeof x->sources[i].net.b);
		buf_u32(b, x->sources[i].bits);
	}
	for (size_t i = 0, n = put_count(b, x->nwindows, WINDOWS); i < n; i++) {
		buf_u32(b, x->windows[i].days);
		buf_u32(b, x->windows[i].from);
		buf_u32(b, x->windows[i].until);
	}
	buf_u32(b, x->may);
	buf_u32(b, x->state);
	buf_u32(b, x->factor | (uint32_t)x->record << 1 | (uint32_t)x->emergency << 2 | (uint32_t)x->changed << 3);
	buf_u64(b, (uint64_t)x->version);
}

/* The file's name stays where it is. */
static void put_session(struct buf *b, const struct session *s)
{
	const struct slice texts[] = {s->id, s->person, s->provider, s->account, s->host, s->grant, s->source, s->tty, s->command, s->sha256, s->why, s->wanter, s->reason};
	const nstime times[] = {s->begin, s->end, s->wanted};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		put_text(b, texts[i]);
	for (size_t i = 0; i < ARRAY_LEN(times); i++)
		put_time(b, times[i]);
	buf_u32(b, s->kind);
	buf_u32(b, s->terminal | (uint32_t)s->exited << 1);
	buf_u32(b, (uint32_t)s->status);
	buf_u64(b, s->output);
	buf_u64(b, s->input);
	buf_u64(b, s->packed);
}

void access_gate_write(struct buf *b, const struct access_gate *x)
{
	const struct gate_policy *p = &x->policy;
	buf_u32(b, GATE_WIRE);
	buf_u64(b, (uint64_t)p->version);
	buf_u64(b, x->left_out);
	for (size_t i = 0, n = put_count(b, p->nproviders, PROVIDERS); i < n; i++)
		put_provider(b, &p->providers[i]);
	for (size_t i = 0, n = put_count(b, p->npersons, PERSONS); i < n; i++)
		put_person(b, &p->persons[i]);
	for (size_t i = 0, n = put_count(b, p->ngrants, ACCESS_GRANTS); i < n; i++)
		put_grant(b, &p->grants[i]);
	for (size_t i = 0, n = put_count(b, x->nlive, ACCESS_LIVE); i < n; i++)
		put_session(b, &x->live[i]);
	for (size_t i = 0, n = put_count(b, x->nwords, ACCESS_WORDS); i < n; i++) {
		buf_u64(b, (uint64_t)x->words[i].version);
		put_time(b, x->words[i].time);
		put_text(b, x->words[i].who);
		put_text(b, x->words[i].what);
		put_text(b, x->words[i].reason);
	}
}

void access_sessions_write(struct buf *b, const struct access_sessions *x)
{
	buf_u32(b, SESSIONS_WIRE);
	buf_u64(b, x->total);
	for (size_t i = 0, n = put_count(b, x->n, SESSIONS); i < n; i++)
		put_session(b, &x->v[i]);
}

/* ---- reading ------------------------------------------------------------------------------------------------------------------------------------------ */

static void take_text(struct wire *w, struct slice *out)
{
	*out = wire_sized(w);
	w->bad = w->bad || out->n > TEXT_MOST;
}

/* After 1970, so that differences of two never overflow. */
static void take_time(struct wire *w, nstime *out)
{
	*out = (nstime)wire_u64(w);
	w->bad = w->bad || (*out != NSTIME_NONE && *out < 0);
}

/* How many of something follow, each of at least `least` bytes: hostile counts allocate no more than bytes are there. */
static size_t take_count(struct wire *w, size_t most, size_t least)
{
	size_t n = wire_u32(w);
	w->bad = w->bad || n > most || n > w->n / least;
	return w->bad ? 0 : n;
}

static uint32_t take_enum(struct wire *w, uint32_t most)
{
	uint32_t n = wire_u32(w);
	w->bad = w->bad || n > most;
	return w->bad ? 0 : n;
}

static struct slice *take_texts(struct wire *w, struct arena *mem, size_t most, size_t *n)
{
	*n = take_count(w, most, 4);
	struct slice *v = arena_alloc(mem, (*n + 1) * sizeof *v);
	for (size_t i = 0; i < *n; i++)
		take_text(w, &v[i]);
	return v;
}

static void take_provider(struct wire *w, struct gate_provider *x)
{
	take_text(w, &x->id);
	take_text(w, &x->name);
	take_text(w, &x->reason);
	x->state = (enum gate_state)take_enum(w, GATE_SUSPENDED);
	take_time(w, &x->until);
}

static void take_person(struct wire *w, struct arena *mem, struct gate_person *x)
{
	take_text(w, &x->id);
	take_text(w, &x->name);
	take_text(w, &x->provider);
	take_text(w, &x->reason);
	x->state = (enum gate_state)take_enum(w, GATE_SUSPENDED);
	x->accounts = take_texts(w, mem, ACCOUNTS, &x->naccounts);
	x->nkeys = take_count(w, KEYS, 16);
	x->keys = arena_alloc(mem, (x->nkeys + 1) * sizeof *x->keys);
	for (size_t i = 0; i < x->nkeys; i++) {
		struct gate_key *k = &x->keys[i];
		*k = (struct gate_key){0};
		take_text(w, &k->fingerprint);
		take_text(w, &k->type);
		take_text(w, &k->comment);
		uint32_t flags = take_enum(w, 3);
		k->hardware = flags & 1;
		k->certificate = flags & 2;
	}
}

static void take_lists(struct wire *w, struct arena *mem, struct gate_grant *x)
{
	x->hosts = take_texts(w, mem, HOSTS, &x->nhosts);
	x->commands = take_texts(w, mem, COMMANDS, &x->ncommands);
	x->nsources = take_count(w, SOURCES, 20);
	x->sources = arena_alloc(mem, (x->nsources + 1) * sizeof *x->sources);
	for (size_t i = 0; i < x->nsources; i++) {
		w->bad = !wire_raw(w, x->sources[i].net.b, sizeof x->sources[i].net.b) || w->bad;
		x->sources[i].bits = take_enum(w, 128);
	}
	x->nwindows = take_count(w, WINDOWS, 12);
	x->windows = arena_alloc(mem, (x->nwindows + 1) * sizeof *x->windows);
	for (size_t i = 0; i < x->nwindows; i++)
		x->windows[i] = (struct gate_window){(uint8_t)take_enum(w, 127), (uint16_t)take_enum(w, 1440), (uint16_t)take_enum(w, 1440)};
}

static void take_grant(struct wire *w, struct arena *mem, struct gate_grant *x)
{
	struct slice *const texts[] = {&x->id, &x->person, &x->provider, &x->account, &x->zone, &x->requester, &x->approver, &x->purpose, &x->ticket, &x->reason, &x->wanter};
	nstime *const times[] = {&x->from, &x->until, &x->created, &x->decided, &x->wanted};
	*x = (struct gate_grant){.boot_until = NSTIME_NONE};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		take_text(w, texts[i]);
	for (size_t i = 0; i < ARRAY_LEN(times); i++)
		take_time(w, times[i]);
	w->bad = w->bad || x->from == NSTIME_NONE || x->until == NSTIME_NONE || x->created == NSTIME_NONE;
	take_lists(w, mem, x);
	x->may = take_enum(w, MAY_SHELL | MAY_SFTP | MAY_FORWARD | MAY_COMMANDS);
	x->state = (enum gate_grant_state)take_enum(w, GRANT_REVOKED);
	uint32_t flags = take_enum(w, 15);
	x->factor = flags & 1;
	x->record = flags & 2;
	x->emergency = flags & 4;
	x->changed = flags & 8;
	x->version = (int64_t)wire_u64(w);
	w->bad = w->bad || x->version < 0;
}

static void take_session(struct wire *w, struct session *s)
{
	struct slice *const texts[] = {&s->id, &s->person, &s->provider, &s->account, &s->host, &s->grant, &s->source, &s->tty, &s->command, &s->sha256, &s->why, &s->wanter, &s->reason};
	nstime *const times[] = {&s->begin, &s->end, &s->wanted};
	*s = (struct session){0};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		take_text(w, texts[i]);
	for (size_t i = 0; i < ARRAY_LEN(times); i++)
		take_time(w, times[i]);
	w->bad = w->bad || s->begin == NSTIME_NONE;
	s->kind = (enum gate_kind)take_enum(w, KIND_FORWARD);
	uint32_t flags = take_enum(w, 3);
	s->terminal = flags & 1;
	s->exited = flags & 2;
	s->status = (int32_t)wire_u32(w);
	s->output = wire_u64(w);
	s->input = wire_u64(w);
	s->packed = wire_u64(w);
}

static struct session *take_sessions(struct wire *w, struct arena *mem, size_t *n)
{
	*n = take_count(w, SESSIONS, 100);
	struct session *v = arena_alloc(mem, (*n + 1) * sizeof *v);
	for (size_t i = 0; i < *n; i++)
		take_session(w, &v[i]);
	return v;
}

static void take_model(struct wire *w, struct arena *mem, struct gate_policy *p)
{
	p->nproviders = take_count(w, PROVIDERS, 24);
	p->providers = arena_alloc(mem, (p->nproviders + 1) * sizeof *p->providers);
	for (size_t i = 0; i < p->nproviders; i++)
		take_provider(w, &p->providers[i]);
	p->npersons = take_count(w, PERSONS, 28);
	p->persons = arena_alloc(mem, (p->npersons + 1) * sizeof *p->persons);
	for (size_t i = 0; i < p->npersons; i++)
		take_person(w, mem, &p->persons[i]);
	p->ngrants = take_count(w, ACCESS_GRANTS, 120);
	p->grants = arena_alloc(mem, (p->ngrants + 1) * sizeof *p->grants);
	for (size_t i = 0; i < p->ngrants; i++)
		take_grant(w, mem, &p->grants[i]);
}

int access_gate_read(struct slice bytes, struct arena *mem, struct access_gate *out, struct err *e)
{
	struct wire w = wire_of(bytes);
	*out = (struct access_gate){0};
	w.bad = wire_u32(&w) != GATE_WIRE || w.bad;
	out->policy.version = (int64_t)wire_u64(&w);
	out->left_out = wire_u64(&w);
	take_model(&w, mem, &out->policy);
	out->live = take_sessions(&w, mem, &out->nlive);
	out->nwords = take_count(&w, ACCESS_WORDS, 28);
	out->words = arena_alloc(mem, (out->nwords + 1) * sizeof *out->words);
	for (size_t i = 0; i < out->nwords; i++) {
		struct gate_word *x = &out->words[i];
		x->version = (int64_t)wire_u64(&w);
		take_time(&w, &x->time);
		take_text(&w, &x->who);
		take_text(&w, &x->what);
		take_text(&w, &x->reason);
	}
	if (!w.bad && !w.n)
		return 0;
	*out = (struct access_gate){0};
	return err_set(e, ERR_SYNTAX, "what came of the gate is no picture of it");
}

int access_sessions_read(struct slice bytes, struct arena *mem, struct access_sessions *out, struct err *e)
{
	struct wire w = wire_of(bytes);
	*out = (struct access_sessions){0};
	w.bad = wire_u32(&w) != SESSIONS_WIRE || w.bad;
	out->total = wire_u64(&w);
	out->v = take_sessions(&w, mem, &out->n);
	if (!w.bad && !w.n)
		return 0;
	*out = (struct access_sessions){0};
	return err_set(e, ERR_SYNTAX, "what came of the sessions is no list of them");
}

bool access_whole(const struct gate_grant *x)
{
	const struct slice texts[] = {x->id, x->person, x->provider, x->account, x->zone, x->requester, x->approver, x->purpose, x->ticket, x->reason, x->wanter};
	bool whole = x->nhosts <= HOSTS && x->ncommands <= COMMANDS && x->nsources <= SOURCES && x->nwindows <= WINDOWS;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		whole = whole && texts[i].n <= TEXT_MOST;
	for (size_t i = 0; i < x->nhosts; i++)
		whole = whole && x->hosts[i].n <= TEXT_MOST;
	for (size_t i = 0; i < x->ncommands; i++)
		whole = whole && x->commands[i].n <= TEXT_MOST;
	return whole;
}

struct session access_session_keep(struct arena *mem, const struct session *s)
{
	struct session x = *s;
	struct slice *const texts[] = {&x.id, &x.person, &x.provider, &x.account, &x.host, &x.grant, &x.source, &x.tty, &x.command, &x.file, &x.sha256, &x.why, &x.wanter, &x.reason};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = slice_dup(mem, *texts[i]);
	return x;
}
