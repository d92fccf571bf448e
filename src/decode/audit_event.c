/* audit_event.c - a group of audit records to events: program started, file touched, connection made. */
#include "decode/audit_private.h"

enum { PATHS_MAX = 24, ARGS_MAX = 100 };

struct path {
	struct slice name, type;
	bool first; /* item=0 */
};
/* One group being told. */
struct scene {
	struct decoder *d;
	const struct audit_group *g;
	struct dline line;
	bool has_call, has_cwd;
	struct audit_vals call;
	struct slice call_name;
	enum audit_kind kind;
	struct slice cwd;
	struct path path[PATHS_MAX];
	unsigned npaths;
};

static uint16_t number_of(const struct audit_rec *r)
{
	return r->type ? r->type->number : 0;
}

/* ---- paths --------------------------------------------------------------------------------------------------- */

/* Is there "//", "/./" or "/../", or one at the end? */
static bool needs_cleaning(struct slice s)
{
	for (size_t i = 0; i + 1 < s.n; i++)
		if (s.p[i] == '/' && (s.p[i + 1] == '/' || s.p[i + 1] == '.'))
			return true;
	return false;
}

/* Lexical: "." goes, ".." takes the component before it with it. In place, since it only shrinks. */
static size_t clean_path(char *p, size_t n)
{
	size_t out = 0;
	for (size_t i = 0; i < n;) {
		while (i < n && p[i] == '/')
			i++;
		size_t start = i;
		while (i < n && p[i] != '/')
			i++;
		size_t len = i - start;
		if (!len || (len == 1 && p[start] == '.'))
			continue;
		if (len == 2 && p[start] == '.' && p[start + 1] == '.') {
			while (out && p[--out] != '/')
				;
			continue;
		}
		p[out++] = '/';
		memmove(p + out, p + start, len);
		out += len;
	}
	if (!out)
		p[out++] = '/';
	return out;
}

static struct slice absolute(struct decoder *d, struct slice cwd, struct slice name)
{
	bool rooted = name.n && name.p[0] == '/';
	if (!name.n || (!rooted && (!cwd.n || cwd.p[0] != '/')) || (rooted && !needs_cleaning(name)))
		return name;
	size_t n = rooted ? 0 : cwd.n + 1;
	char *p = arena_alloc(&d->out->arena, n + name.n + 1);
	if (!rooted) {
		memcpy(p, cwd.p, cwd.n);
		p[cwd.n] = '/';
	}
	memcpy(p + n, name.p, name.n);
	return slice_make(p, clean_path(p, n + name.n));
}

static bool path_is(const struct path *p, const char *type)
{
	return slice_eqz(p->type, type);
}

/* ---- reading the group --------------------------------------------------------------------------------------- */

static void read_call(struct scene *s, const struct audit_rec *r)
{
	uint64_t arch, number;
	audit_parse(s->d, r, &s->call);
	s->has_call = true;
	struct slice name = audit_val(&s->call, AK_SYSCALL_NAME), num = audit_val(&s->call, AK_SYSCALL);
	if (!name.n && slice_hex(audit_val(&s->call, AK_ARCH), &arch) && slice_u64(num, UINT32_MAX, &number)) {
		const char *known = audit_syscall_name(arch, number);
		name = known ? slice_of(known) : SLICE_NONE;
	}
	s->call_name = name.n ? name : num;
	s->kind = audit_kind(s->d, s->call_name);
}

static void read_path(struct scene *s, const struct audit_rec *r)
{
	struct audit_vals v UNINIT;
	if (s->npaths == PATHS_MAX)
		return;
	audit_parse(s->d, r, &v);
	struct slice name = audit_text(s->d, &v, AK_NAME);
	if (name.n)
		s->path[s->npaths++] = (struct path){name, audit_val(&v, AK_NAMETYPE), slice_eq(audit_val(&v, AK_ITEM), SL("0"))};
}

static void read_group(struct scene *s)
{
	for (uint32_t i = 0; i < s->g->n; i++)
		if (number_of(&s->g->v[i]) == 1300 && !s->has_call)
			read_call(s, &s->g->v[i]);
	if (!s->has_call)
		return;
	for (uint32_t i = 0; i < s->g->n; i++) {
		const struct audit_rec *r = &s->g->v[i];
		struct audit_vals v UNINIT;
		if (number_of(r) == 1307) {
			audit_parse(s->d, r, &v);
			s->cwd = audit_text(s->d, &v, AK_CWD);
		} else if (number_of(r) == 1302 && s->kind != KIND_OTHER && s->kind != KIND_CONNECT) {
			read_path(s, r);
		}
	}
	for (unsigned i = 0; i < s->npaths; i++)
		s->path[i].name = absolute(s->d, s->cwd, s->path[i].name);
}

/* ---- emitting ------------------------------------------------------------------------------------------------ */

/* New event with all records as evidence; NULL when nobody wants it. */
static struct event *scene_emit(struct scene *s, enum action a, enum outcome o)
{
	struct decoder *d = s->d;
	const struct audit_group *g = s->g;
	if (!decode_wanted(d, &s->line, a))
		return NULL;
	struct event *e = decode_emit(d, &s->line, audit_dataset, a, o);
	if (g->v[0].unmarked)
		e->flags |= EV_PLAIN;
	if (g->n > 1) {
		e->nmore = g->n - 1;
		e->more = arena_alloc(&d->out->arena, e->nmore * sizeof *e->more);
		for (uint32_t i = 1; i < g->n; i++)
			e->more[i - 1] = g->v[i].ref;
	}
	return e;
}

static void add_call(struct scene *s, struct event *e)
{
	struct decoder *d = s->d;
	struct slice exe = audit_text(d, &s->call, AK_EXE);
	if (exe.n)
		event_add(d->out, e, F_PROCESS_EXE, exe);
	audit_add_process(d, e, &s->call);
	audit_add_user(d, e, &s->call, AK_UID, AK_UID_NAME, F_USER_ID, F_USER_NAME);
	if (s->call_name.n)
		event_add(d->out, e, F_AUDIT_SYSCALL, s->call_name);
	if (s->cwd.n)
		event_add(d->out, e, F_PROCESS_CWD, s->cwd);
	event_add(d->out, e, F_AUDIT_SERIAL, s->g->v[0].serial_text);
}

/* What the process calls itself, for events that are not its start. */
static void add_title(struct scene *s, struct event *e, enum field_id f)
{
	struct audit_vals v UNINIT;
	for (uint32_t i = 0; i < s->g->n; i++)
		if (number_of(&s->g->v[i]) == 1327) {
			audit_parse(s->d, &s->g->v[i], &v);
			struct slice text = audit_title(s->d, &v);
			if (text.n)
				event_add(s->d->out, e, f, text);
			return;
		}
}

/* ---- a program started --------------------------------------------------------------------------------------- */

/* Arguments of all EXECVE records. They are laid out in one run, a blank between, which is the command line. */
struct args {
	struct {
		size_t at, n;
	} v[ARGS_MAX];
	unsigned n;
	bool any;
};

/* "a3", "a3_len", "a3[0]": is it an argument, and is it a further piece of one? */
static bool arg_name(struct slice name, bool *piece)
{
	size_t i = 1;
	if (name.n < 2 || name.p[0] != 'a')
		return false;
	while (i < name.n && name.p[i] >= '0' && name.p[i] <= '9')
		i++;
	*piece = i + 3 <= name.n && name.p[i] == '[' && name.p[i + 1] != '0';
	return i > 1 && (i == name.n || name.p[i] == '[');
}

static void read_args(struct scene *s, const struct audit_rec *r, struct args *args)
{
	struct buf *line = &audit_state(s->d)->line;
	struct slice body = r->body, name, text;
	bool quoted, piece;
	while (audit_next(&body, &name, &text, &quoted)) {
		if (!arg_name(name, &piece))
			continue;
		if (!quoted)
			text = audit_untrusted(s->d, text, false, r->plain);
		if (args->any && !piece)
			buf_addc(line, ' ');
		size_t at = line->n;
		buf_adds(line, text);
		args->any = true;
		if (!piece && args->n < ARGS_MAX) {
			args->v[args->n].at = at;
			args->v[args->n++].n = text.n;
		} else if (piece && args->n) {
			args->v[args->n - 1].n = line->n - args->v[args->n - 1].at;
		}
	}
}

static void add_command_line(struct scene *s, struct event *e, struct args *args)
{
	struct buf *line = &audit_state(s->d)->line;
	line->n = 0;
	for (uint32_t i = 0; i < s->g->n; i++)
		if (number_of(&s->g->v[i]) == 1309)
			read_args(s, &s->g->v[i], args);
	if (!args->any) {
		add_title(s, e, F_PROCESS_CMDLINE);
		return;
	}
	struct slice text = slice_dup(&s->d->out->arena, buf_slice(line));
	event_add(s->d->out, e, F_PROCESS_CMDLINE, text);
}

/* execve's target as it was called: an alias (iptables for xtables-nft-multi) or the script of an interpreter. */
static void add_alias(struct scene *s, struct event *e)
{
	struct slice exe = event_str(e, F_PROCESS_EXE);
	for (unsigned i = 0; i < s->npaths; i++)
		if (s->path[i].first && !slice_eq(s->path[i].name, exe))
			event_add(s->d->out, e, F_PROCESS_EXE, s->path[i].name);
}

static bool tell_exec(struct scene *s)
{
	struct args args = {.n = 0};
	if (slice_eq(audit_val(&s->call, AK_SUCCESS), SL("no")))
		return false; /* shells try every folder of PATH */
	struct event *e = scene_emit(s, ACT_EXEC, OUTCOME_SUCCESS);
	if (!e)
		return true;
	add_call(s, e);
	add_alias(s, e);
	add_command_line(s, e, &args);
	struct slice line = event_str(e, F_PROCESS_CMDLINE);
	for (unsigned i = 0; i < args.n; i++)
		event_add(s->d->out, e, F_PROCESS_ARGS, slice_to(slice_from(line, args.v[i].at), args.v[i].n));
	return true;
}

/* ---- a file touched ------------------------------------------------------------------------------------------ */

static enum outcome call_outcome(const struct scene *s)
{
	struct slice ok = audit_val(&s->call, AK_SUCCESS);
	return slice_eq(ok, SL("yes")) ? OUTCOME_SUCCESS : slice_eq(ok, SL("no")) ? OUTCOME_FAILURE : OUTCOME_NONE;
}

/* Was the file opened to be changed? O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND; alike on all four machines. */
static bool opens_to_write(const struct scene *s)
{
	enum { CHANGES = 01 | 02 | 0100 | 01000 | 02000 };
	uint64_t flags = 0;
	if (s->kind == KIND_OPENAT2) {
		for (uint32_t i = 0; i < s->g->n; i++) {
			struct audit_vals v UNINIT;
			if (number_of(&s->g->v[i]) != 1337)
				continue;
			audit_parse(s->d, &s->g->v[i], &v);
			struct slice text = audit_val(&v, AK_OFLAG); /* octal: "0101" */
			for (size_t k = 0; k < text.n && text.p[k] >= '0' && text.p[k] <= '7'; k++)
				flags = flags << 3 | (uint64_t)(text.p[k] - '0');
		}
	} else {
		struct slice text = audit_val(&s->call, s->kind == KIND_OPEN ? AK_A1 : AK_A2);
		if (!slice_hex(text, &flags)) /* ausearch -i: "O_WRONLY|O_CREAT" */
			return slice_has(text, SL("O_WRONLY")) || slice_has(text, SL("O_RDWR")) || slice_has(text, SL("O_CREAT"));
	}
	return flags & CHANGES;
}

static const struct path *find_path(const struct scene *s, const char *type)
{
	for (unsigned i = 0; i < s->npaths; i++)
		if (path_is(&s->path[i], type))
			return &s->path[i];
	return NULL;
}

/* What happened to which kind of path; NULL when the records name no file. */
static const char *file_story(const struct scene *s, enum action *a)
{
	bool created = find_path(s, "CREATE"), deleted = find_path(s, "DELETE"), normal = find_path(s, "NORMAL");
	switch (s->kind) {
	case KIND_RENAME:
		*a = ACT_FILE_RENAMED;
		return deleted ? "DELETE" : NULL;
	case KIND_DELETE:
		*a = ACT_FILE_DELETED;
		return deleted ? "DELETE" : NULL;
	case KIND_WRITE:
		*a = ACT_FILE_WRITTEN;
		return normal ? "NORMAL" : NULL;
	case KIND_ATTR:
		*a = ACT_FILE_ATTR;
		return normal ? "NORMAL" : NULL;
	case KIND_OPEN:
	case KIND_OPENAT:
	case KIND_OPENAT2:
		*a = created ? ACT_FILE_CREATED : opens_to_write(s) ? ACT_FILE_WRITTEN : ACT_FILE_READ;
		return created ? "CREATE" : normal ? "NORMAL" : NULL;
	default: /* creat, mkdir, link ... */
		*a = created ? ACT_FILE_CREATED : ACT_FILE_WRITTEN;
		return created ? "CREATE" : normal ? "NORMAL" : NULL;
	}
}

static bool tell_file(struct scene *s)
{
	enum action a;
	const char *type = file_story(s, &a);
	if (!type)
		return false;
	struct event *e = scene_emit(s, a, call_outcome(s));
	if (!e)
		return true;
	const struct path *to = a == ACT_FILE_RENAMED ? find_path(s, "CREATE") : NULL;
	add_call(s, e);
	for (unsigned i = 0; i < s->npaths; i++) /* a rename over a file deletes that too: told by target_path */
		if (path_is(&s->path[i], type) && !(to && slice_eq(to->name, s->path[i].name)))
			event_add(s->d->out, e, F_FILE_PATH, s->path[i].name);
	if (to)
		event_add(s->d->out, e, F_FILE_TARGET_PATH, to->name);
	add_title(s, e, F_PROCESS_TITLE);
	return true;
}

/* ---- a connection -------------------------------------------------------------------------------------------- */

/* sockaddr in hex: family in the machine's byte order, port and address in the network's. */
static bool read_saddr(struct decoder *d, struct slice hex, struct slice *ip, uint64_t *port)
{
	struct slice raw;
	char text[48];
	struct ip a;
	if (!decode_hex(d, slice_to(hex, 56), &raw) || raw.n < 8)
		return false;
	const uint8_t *b = (const uint8_t *)raw.p;
	unsigned family = b[0] | b[1];
	if (family == 2) {
		memset(a.b, 0, 10);
		a.b[10] = a.b[11] = 0xff;
		memcpy(a.b + 12, b + 4, 4);
	} else if (family == 10 && raw.n >= 24) {
		memcpy(a.b, b + 8, 16);
	} else {
		return false;
	}
	*port = (uint64_t)b[2] << 8 | b[3];
	*ip = slice_dup(&d->out->arena, slice_of(ip_text(&a, text)));
	return true;
}

static bool tell_connect(struct scene *s)
{
	struct audit_vals v UNINIT;
	struct slice ip = SLICE_NONE;
	uint64_t port = 0;
	for (uint32_t i = 0; i < s->g->n && !ip.n; i++) {
		if (number_of(&s->g->v[i]) != 1306)
			continue;
		audit_parse(s->d, &s->g->v[i], &v);
		if (v.has >> AK_LADDR & 1) { /* ausearch -i, ENRICHED: { saddr_fam=inet laddr=1.2.3.4 lport=80 } */
			ip = v.v[AK_LADDR];
			slice_u64(audit_val(&v, AK_LPORT), 65535, &port);
		} else if (!read_saddr(s->d, audit_val(&v, AK_SADDR), &ip, &port)) {
			return false;
		}
	}
	if (!ip.n)
		return false;
	enum outcome o = call_outcome(s);
	if (o == OUTCOME_FAILURE && (slice_eq(audit_val(&s->call, AK_EXIT), SL("-115")) || slice_starts(audit_val(&s->call, AK_EXIT), SL("EINPROGRESS"))))
		o = OUTCOME_UNKNOWN; /* does not wait for the answer */
	struct event *e = scene_emit(s, ACT_CONNECT_OUT, o);
	if (!e)
		return true;
	add_call(s, e);
	event_add(s->d->out, e, F_DEST_IP, ip);
	event_add_int(s->d->out, e, F_DEST_PORT, (int64_t)port);
	add_title(s, e, F_PROCESS_TITLE);
	return true;
}

/* ---- the rest ------------------------------------------------------------------------------------------------ */

static bool tell_simple(struct scene *s, enum action a)
{
	struct event *e = scene_emit(s, a, call_outcome(s));
	uint64_t code;
	if (!e)
		return true;
	add_call(s, e);
	if (a == ACT_EXIT && slice_hex(audit_val(&s->call, AK_A0), &code))
		event_add_int(s->d->out, e, F_PROCESS_EXIT, (int64_t)(code & 0xff));
	else if (a != ACT_EXIT)
		add_title(s, e, F_PROCESS_TITLE);
	return true;
}

static bool tell_call(struct scene *s, bool told)
{
	switch (s->kind) {
	case KIND_EXEC: return tell_exec(s);
	case KIND_CONNECT: return tell_connect(s);
	case KIND_MODULE: return !told && call_outcome(s) == OUTCOME_SUCCESS && tell_simple(s, ACT_MODULE_LOADED);
	case KIND_TIME: return call_outcome(s) == OUTCOME_SUCCESS && tell_simple(s, ACT_TIME_CHANGED);
	case KIND_EXIT: return tell_simple(s, ACT_EXIT);
	case KIND_OTHER:
	case KIND_COUNT: return false;
	default: return tell_file(s);
	}
}

/* A kernel record that makes an event of its own, with the process when a SYSCALL record names it. */
static void tell_kernel(struct scene *s, const struct audit_rec *r)
{
	struct audit_vals v UNINIT;
	enum outcome o;
	audit_parse(s->d, r, &v);
	enum action a = audit_action(r->type, &v, &o);
	if (a == ACT_MODULE_LOADED && s->has_call && s->kind != KIND_MODULE)
		a = ACT_NOTICE; /* delete_module writes the same record */
	struct event *e = scene_emit(s, a, o);
	if (!e)
		return;
	if (s->has_call) {
		add_call(s, e);
		v.has &= ~((uint64_t)1 << AK_EXE | (uint64_t)1 << AK_KEY);
	}
	audit_add_record(s->d, e, r, &v, !s->has_call);
	if (s->has_call)
		add_title(s, e, F_PROCESS_TITLE);
}

void audit_finish(struct decoder *d, const struct audit_group *g)
{
	struct scene s = {.d = d, .g = g, .kind = KIND_OTHER};
	bool told = false;
	if (!g->n)
		return;
	s.line = (struct dline){.raw = g->v[0].ref.raw, .offset = g->v[0].ref.offset, .time = g->time, .host = g->host};
	if (g->v[0].plain)
		s.line.flags = EV_NO_ZONE;
	read_group(&s);
	for (uint32_t i = 0; i < g->n; i++)
		if (g->v[i].type && g->v[i].type->cls == AC_KERNEL) {
			tell_kernel(&s, &g->v[i]);
			told = true;
		}
	if (s.has_call && tell_call(&s, told))
		told = true;
	if ((told && !d->opt->audit_records) || !interest_has(&d->opt->want, ACT_AUDIT_RECORD))
		return;
	for (uint32_t i = 0; i < g->n; i++) {
		struct dline l = s.line;
		l.raw = g->v[i].ref.raw;
		l.offset = g->v[i].ref.offset;
		bool dull = !g->early && audit_dull(d, &l, &g->v[i], ACT_AUDIT_RECORD); /* an early one may be part of another block's */
		if (!dull)
			audit_raw(d, &l, &g->v[i]);
		if (!dull && !g->early && audit_made_dull(d, &d->out->v[d->out->n - 1])) {
			d->out->n--;
			dull = true;
		}
		d->stats->dull += dull;
	}
}
