/* usage_commands.c - commands through sudo, doas and pkexec; su; cron jobs. */
#include "usage/usage_private.h"

#include <stdio.h>
#include <stdlib.h>

static void command_key(struct key *k, struct slice host, struct slice account, struct slice run_as, struct slice text)
{
	char hash[40];
	/* two hashes of different making: equal for two commands only by a chance that nobody can force */
	snprintf(hash, sizeof hash, "%016llx%016llx", (unsigned long long)hash_bytes(text.p, text.n), (unsigned long long)hash_stable(HASH_STABLE_INIT, text.p, text.n));
	key_init(k);
	key_add(k, slice_of(hash));
	key_add(k, host);
	key_add(k, run_as);
	key_add(k, account);
}

/* Static text for the programs that are told apart. */
static struct slice program_of(const struct event *e)
{
	static const struct slice known[] = {SL("doas"), SL("pkexec"), SL("auditd")};
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (slice_eq(e->dataset, known[i]))
			return known[i];
	return SL("sudo");
}

static void remember(struct usage *u, const struct command *c, const struct kept *seen)
{
	struct key k;
	bool fresh;
	struct account *a = usage_account_put(u, c->host, c->account);
	command_key(&k, c->host, c->account, c->run_as, c->text);
	struct command *to = lru_get(u->commands, key_slice(&k));
	if (!to && (a->commands >= COMMANDS_PER_ACCOUNT || u->command_bytes + c->text.n > COMMANDS_BYTES)) {
		usage_forget_commands(u, c->host, c->account);
		return;
	}
	to = lru_put(u->commands, key_slice(&k), &fresh);
	if (fresh) {
		*to = *c;
		to->text = slice_to(c->text, COMMAND_BYTES);
		to->cut = c->cut || c->text.n > COMMAND_BYTES;
		own_texts((struct slice *[]){&to->host, &to->account, &to->run_as, &to->text}, 4);
		to->seen = (struct kept){0};
		a->commands++;
		u->command_bytes += to->text.n;
	}
	kept_merge(&to->seen, seen);
	u->newest = k;
	u->newest_time = seen->last;
	u->newest_full = false;
}

/* "list" is sudo -l: nothing was run. */
static bool is_question(struct slice text)
{
	return slice_eq(text, SL("list")) || slice_starts(text, SL("list ")) || slice_eq(text, SL("validate"));
}

/* ---- auditd ------------------------------------------------------------------------------------------------------------ */

void usage_audit_settle(struct usage *u, nstime now)
{
	size_t kept = 0;
	for (size_t i = 0; i < u->naudit; i++) {
		struct waiting *w = &u->audit[i];
		if (now != NSTIME_NONE && now - w->time <= NEAR_SUDO) {
			u->audit[kept++] = *w;
			continue;
		}
		struct command c = {.host = w->host, .account = w->account, .text = w->command, .program = SL("auditd")};
		remember(u, &c, &w->seen);
		free(w->text);
	}
	u->naudit = kept;
}

static void audit_command(struct usage *u, const struct command *c, const struct event *e)
{
	usage_audit_settle(u, u->naudit == AUDIT_WAITING ? NSTIME_NONE : e->time);
	struct waiting *w = &u->audit[u->naudit++];
	*w = (struct waiting){.time = e->time, .host = c->host, .account = c->account, .command = slice_to(c->text, COMMAND_BYTES)};
	own_texts((struct slice *[]){&w->host, &w->account, &w->command}, 3);
	w->text = (char *)(uintptr_t)w->host.p;
	kept_add(&w->seen, e);
}

/* sudo's own line on what auditd told. auditd's has the name as typed, sudo's the path: what follows the first blank is alike. */
static bool same_command(struct slice typed, struct slice full)
{
	struct slice a = typed, b = full, t, f;
	if (!slice_cut(&a, ' ', &t)) {
		t = a;
		a = SLICE_NONE;
	}
	if (!slice_cut(&b, ' ', &f)) {
		f = b;
		b = SLICE_NONE;
	}
	return slice_eq(slice_basename(t), slice_basename(f));
}

static void audit_told(struct usage *u, const struct command *c, nstime time)
{
	for (size_t i = 0; i < u->naudit; i++) {
		struct waiting *w = &u->audit[i];
		if (llabs(time - w->time) > NEAR_SUDO || !slice_eq(w->host, c->host) || !slice_eq(w->account, c->account) || !same_command(w->command, c->text))
			continue;
		free(w->text);
		memmove(w, w + 1, (--u->naudit - i) * sizeof *w);
		return;
	}
}

/* ---- sudo -------------------------------------------------------------------------------------------------------------- */

static void sudo(struct usage *u, struct slice host, const struct event *e)
{
	bool audit = slice_eq(e->dataset, SL("auditd"));
	struct command c = {.host = host, .account = event_str(e, F_USER_NAME), .run_as = event_str(e, F_USER_EFFECTIVE), .text = event_str(e, F_PROCESS_CMDLINE), .program = program_of(e)};
	struct key k;
	if (!c.account.n && event_str(e, F_USER_ID).n) {
		key_init(&k);
		key_add(&k, host);
		key_add(&k, event_str(e, F_USER_ID));
		const struct slice *known = lru_get(u->uids, key_slice(&k));
		c.account = known ? *known : SLICE_NONE;
	}
	if (!c.account.n)
		return;
	struct account *a = usage_account_put(u, host, c.account);
	kept_add(&a->seen, e);
	if (!c.text.n || is_question(c.text))
		return;
	if (audit) {
		if (a->sudo == NSTIME_NONE || llabs(e->time - a->sudo) > NEAR_SUDO)
			audit_command(u, &c, e);
		return;
	}
	a->sudo = e->time;
	if (!c.run_as.n)
		c.run_as = SL("root");
	struct kept seen = {0};
	kept_add(&seen, e);
	audit_told(u, &c, e->time);
	remember(u, &c, &seen);
}

/* "alice : (command continued) ..." behind a line that sudo cut: the command is both together. sudo cuts at the last blank that fits and leaves blanks there
 * out; a piece without a blank it cuts where the line is full. What was between the pieces is not wholly known: the command counts as cut. */
static void continued(struct usage *u, const struct event *e)
{
	struct slice said = SL("(command continued) "), raw = e->at.raw;
	ssize_t at = slice_find(raw, said);
	struct command *c = at >= 0 && u->newest.n && llabs(e->time - u->newest_time) <= NEAR_SUDO ? lru_get(u->commands, key_slice(&u->newest)) : NULL;
	if (!c || !slice_eq(c->account, event_str(e, F_USER_NAME)))
		return;
	struct buf whole = {0};
	struct command more = *c;
	struct kept seen = c->seen;
	struct key old = u->newest;
	bool only = c->seen.count <= 1; /* else the piece alone is a command, too */
	buf_adds(&whole, c->text);
	struct slice piece = slice_trim(slice_from(raw, (size_t)at + said.n));
	if (!u->newest_full)
		buf_addc(&whole, ' ');
	buf_adds(&whole, piece);
	more.text = buf_slice(&whole);
	more.cut = true;
	own_texts((struct slice *[]){&more.host, &more.account, &more.run_as, &more.text}, 4);
	seen.count = 1;
	seen.first = seen.last;
	c->seen.count -= !only;
	if (only) {
		u->replacing = true;
		lru_del(u->commands, key_slice(&old));
		u->replacing = false;
		usage_account_put(u, more.host, more.account)->commands--;
	}
	remember(u, &more, &seen);
	u->newest_full = piece.n >= PIECE_FULL && slice_chr(piece, ' ') < 0;
	free((void *)(uintptr_t)more.host.p);
	buf_free(&whole);
}

static void su(struct usage *u, struct slice host, const struct event *e)
{
	struct slice from = event_str(e, F_USER_NAME), to = event_str(e, F_USER_TARGET);
	struct key k;
	if (!from.n || !to.n)
		return;
	kept_add(&usage_account_put(u, host, from)->seen, e);
	key_init(&k);
	key_add(&k, host);
	key_add(&k, from);
	key_add(&k, to);
	kept_add(lru_put(u->switches, key_slice(&k), NULL), e);
}

void usage_other_event(struct usage *u, struct slice host, const struct event *e)
{
	struct slice account = event_str(e, F_USER_NAME);
	switch (e->action) {
	case ACT_SUDO: sudo(u, host, e); break;
	case ACT_SU: su(u, host, e); break;
	case ACT_NOTICE:
		if (slice_eq(e->dataset, SL("sudo")))
			continued(u, e);
		break;
	case ACT_CRON:
		if (account.n)
			kept_add(&usage_account_put(u, host, account)->seen, e);
		break;
	default: break;
	}
}
