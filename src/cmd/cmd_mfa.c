/* cmd_mfa.c - postern mfa: enrolment and care of second factors. Secrets are read from the terminal or standard input and shown on the
 * terminal; they are in no argument and no file. */
#include "cmd/gates.h"
#include "cmd/mfa.h"
#include "cmd/setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

static const struct option options[] = {
	GATES_OPTIONS,
	{"hash", 0, OPT_CHOICE, "sha1|sha256|sha512", "enroll: of the codes (default sha1, which every device knows)"},
	{"digits", 0, OPT_NUMBER, "N", "enroll: of a code (default 6)", 6, 8},
	{"period", 0, OPT_NUMBER, "SECONDS", "enroll: how long a code lasts (default 30)", 15, 300},
	{"counter", 0, OPT_FLAG, NULL, "enroll: codes are counted (HOTP), not timed"},
	{"issuer", 0, OPT_TEXT, "NAME", "enroll: what the device shows beside the person (default: Postern)"},
	{"plain", 0, OPT_FLAG, NULL, "enroll: no QR code, only the text"},
	{"reason", 'r', OPT_TEXT, "TEXT", "reset, codes, clock: for the audit log"},
	{"days", 0, OPT_NUMBER, "N", "coverage: how far back (default 90)", 1, 36500},
	INPUT_OPTIONS,
	{0},
};

/* ---- the terminal ---------------------------------------------------------------------------------------------------------- */

/* Secrets go to people. */
static bool may_show(void)
{
	struct stat st;
	if (fstat(STDOUT_FILENO, &st) == 0 && !S_ISREG(st.st_mode))
		return true;
	complain("mfa: this shows a secret, which does not go into a file: run it on a terminal");
	return false;
}

/* A line of standard input; from a terminal without showing it. */
static bool read_code(const char *prompt, char *out, size_t n)
{
	struct termios old, quiet;
	bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &old) == 0;
	size_t got = 0;
	char c = 0, stop = 0;
	if (terminal) {
		quiet = old;
		stop = (char)old.c_cc[VINTR]; /* ends the line and is no signal: a killed process would leave the terminal without echo */
		quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
		quiet.c_cc[VEOL] = old.c_cc[VINTR];
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
		fprintf(stderr, "%s", prompt);
	}
	while (got < n && read(STDIN_FILENO, &c, 1) == 1 && c != '\n' && !(stop && c == stop)) /* byte by byte: nothing is left in a buffer of stdio's */
		out[got++] = c;
	if (terminal) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
		fputc('\n', stderr);
	}
	bool whole = got < n && (got || c == '\n') && !(stop && c == stop);
	out[whole ? got : 0] = 0;
	return whole;
}

/* ---- what all do ------------------------------------------------------------------------------------------------------------ */

static struct factor *open_factor(struct gates *g, bool make)
{
	char key[4200];
	struct err e;
	snprintf(key, sizeof key, "%s/factor.key", g->folder);
	struct factor *f = factor_open(g->gate.vault, make ? key : NULL, make, &e);
	if (!f)
		complain_err(&e);
	return f;
}

/* A record of the audit log: before something is done, and again when it then was not. False: nothing may be done. */
static bool record(struct gates *g, const char *action, struct slice person, const char *outcome, struct slice detail)
{
	struct err e;
	struct chain_record r = {gates_now(), g->gate.actor, slice_of(action), person, slice_of(outcome), detail};
	if (!g->gate.audit || !chain_append(g->gate.audit, &r, &e))
		return true;
	complain_err(&e);
	return false;
}

static int failed(struct gates *g, const char *action, struct slice person, const struct err *e)
{
	record(g, action, person, "failure", slice_of(e->text));
	return gates_failed(e);
}

/* Somebody of the gate's: a second factor for a name with a typing error would never be asked for. */
static bool somebody(struct gates *g, struct slice person)
{
	struct gate_policy p;
	struct err e;
	bool found = false;
	if (gate_policy_load(g->gate.vault, &p, &e)) {
		complain_err(&e);
		return false;
	}
	for (size_t i = 0; i < p.npersons; i++)
		found |= slice_eq(p.persons[i].id, person);
	gate_policy_free(&p);
	if (!found)
		complain("there is no person %.*s: postern person add makes one", SLFMT(slice_to(person, 128)));
	return found;
}

/* Before anything is recorded: there is something to change. */
static bool enrolled(struct factor *f, struct slice person)
{
	struct factor_status st;
	struct err e;
	if (factor_status(f, person, &st, &e)) {
		complain_err(&e);
		return false;
	}
	if (!st.enrolled)
		complain("%.*s is not enrolled: postern mfa status lists who is", SLFMT(slice_to(person, 128)));
	return st.enrolled;
}

static int show_and_wipe(struct buf *b)
{
	bool ok = write_out(NULL, buf_slice(b));
	factor_wipe(b);
	return ok ? EXIT_DONE : EXIT_INPUT;
}

/* ---- enroll, confirm, codes --------------------------------------------------------------------------------------------------- */

static uint32_t number(const struct args *a, const char *option, uint32_t otherwise)
{
	uint64_t n;
	const char *text = args_get(a, option);
	return text && slice_u64(slice_of(text), UINT32_MAX, &n) ? (uint32_t)n : otherwise;
}

static struct factor_kind kind_of(const struct args *a)
{
	struct slice hash = gates_text(a, "hash");
	return (struct factor_kind){.hash = slice_eq(hash, SL("sha512")) ? FACTOR_SHA512 : slice_eq(hash, SL("sha256")) ? FACTOR_SHA256 : FACTOR_SHA1,
		.digits = number(a, "digits", 6), .period = args_has(a, "counter") ? 0 : number(a, "period", 30)};
}

static int show_uri(struct gates *g, const struct args *a, struct buf *uri)
{
	struct buf out = {0};
	struct err e;
	out.p = vec_grow(NULL, &out.cap, 0, 64 << 10, 1); /* in one piece: factor_wipe() gets all of it */
	if (g->json) {
		buf_addz(&out, "{\"uri\":");
		buf_json(&out, buf_slice(uri));
		buf_addz(&out, "}\n");
	} else {
		if (!args_has(a, "plain") && isatty(STDOUT_FILENO) && factor_qr(buf_slice(uri), &out, &e))
			complain_err(&e); /* the text is left */
		buf_adds(&out, buf_slice(uri));
		buf_addf(&out, "\n\nScan it, then prove it with two codes: postern mfa confirm %s\nUntil then it does not count. It is not shown again.\n", a->operand[1]);
	}
	factor_wipe(uri);
	return show_and_wipe(&out);
}

static int enroll(struct gates *g, const struct args *a)
{
	struct slice person = slice_of(a->operand[1]), issuer = gates_text(a, "issuer");
	struct factor_kind kind = kind_of(a);
	struct factor_status st;
	struct buf uri = {0};
	struct err e;
	if (!may_show() || !somebody(g, person))
		return EXIT_USAGE;
	struct factor *f = open_factor(g, true);
	if (!f)
		return EXIT_INPUT;
	int rc = factor_status(f, person, &st, &e);
	if (!rc && st.confirmed)
		rc = err_set(&e, ERR_DUP, "%.*s has a second factor: postern mfa reset %.*s takes it away", SLFMT(person), SLFMT(person));
	if (rc)
		rc = gates_failed(&e);
	else if (!record(g, "factor-enroll", person, "success", SLICE_NONE))
		rc = EXIT_INPUT;
	else if (factor_enroll(f, person, issuer.n ? issuer : SL("Postern"), &kind, &uri, &e))
		rc = failed(g, "factor-enroll", person, &e);
	else
		rc = show_uri(g, a, &uri);
	factor_close(f);
	return rc;
}

/* Shown once, a line each. */
static int show_codes(struct gates *g, struct buf *codes)
{
	struct buf out = {0};
	struct slice rest = buf_slice(codes), line;
	out.p = vec_grow(NULL, &out.cap, 0, 4096, 1);
	buf_addz(&out, g->json ? "{\"recovery_codes\":[" : "Recovery codes, each good once when the device is lost. They are not shown again:\n\n");
	for (bool first = true; slice_cut(&rest, '\n', &line); first = false)
		buf_addf(&out, g->json ? "%s\"%.*s\"" : "%s  %.*s\n", g->json && !first ? "," : "", SLFMT(line));
	buf_addz(&out, g->json ? "]}\n" : "");
	factor_wipe(codes);
	return show_and_wipe(&out);
}

static int confirm(struct gates *g, const struct args *a)
{
	struct slice person = slice_of(a->operand[1]);
	char one[80], two[80];
	struct buf codes = {0};
	struct err e;
	if (!may_show())
		return EXIT_USAGE;
	struct factor *f = open_factor(g, true);
	int rc = !f ? EXIT_INPUT : enrolled(f, person) ? 0 : EXIT_USAGE;
	if (!rc && !(read_code("A code of the device: ", one, sizeof one) && read_code("The next one (wait for it): ", two, sizeof two))) {
		complain("mfa confirm: two codes are read from the terminal or standard input, a line each");
		rc = EXIT_USAGE;
	}
	if (!rc && !record(g, "factor-confirm", person, "success", SLICE_NONE))
		rc = EXIT_INPUT;
	else if (!rc && factor_confirm(f, person, slice_of(one), slice_of(two), gates_now(), NULL, NULL, &codes, &e))
		rc = failed(g, "factor-confirm", person, &e);
	else if (!rc)
		rc = show_codes(g, &codes);
	explicit_bzero(one, sizeof one);
	explicit_bzero(two, sizeof two);
	factor_close(f);
	return rc;
}

static int codes(struct gates *g, const struct args *a)
{
	struct slice person = slice_of(a->operand[1]);
	struct buf fresh = {0};
	struct err e;
	if (!may_show())
		return EXIT_USAGE;
	struct factor *f = open_factor(g, true);
	int rc = !f ? EXIT_INPUT : !enrolled(f, person) ? EXIT_USAGE : record(g, "factor-codes", person, "success", gates_text(a, "reason")) ? 0 : EXIT_INPUT;
	if (!rc && factor_codes(f, person, &fresh, &e))
		rc = failed(g, "factor-codes", person, &e);
	else if (!rc)
		rc = show_codes(g, &fresh);
	factor_close(f);
	return rc;
}

/* ---- reset, clock --------------------------------------------------------------------------------------------------------------- */

static int reset(struct gates *g, const struct args *a)
{
	struct slice person = slice_of(a->operand[1]);
	struct err e;
	struct factor *f = open_factor(g, false);
	int rc = !f ? EXIT_INPUT : !enrolled(f, person) ? EXIT_USAGE : record(g, "factor-reset", person, "success", gates_text(a, "reason")) ? 0 : EXIT_INPUT;
	if (!rc && factor_reset(f, person, &e))
		rc = failed(g, "factor-reset", person, &e);
	else if (!rc)
		rc = gates_done(g, "%s has no second factor any more, and no recovery codes.\n", a->operand[1]);
	factor_close(f);
	return rc;
}

static int set_clock(struct gates *g, const struct args *a)
{
	struct err e;
	struct factor *f = open_factor(g, false);
	int rc = f && record(g, "factor-clock", SLICE_NONE, "success", gates_text(a, "reason")) ? 0 : EXIT_INPUT;
	if (!rc && factor_clock(f, gates_now(), &e))
		rc = failed(g, "factor-clock", SLICE_NONE, &e);
	else if (!rc)
		rc = gates_done(g, "The clock as it is now is believed; codes of before are void.\n");
	factor_close(f);
	return rc;
}

/* ---- status ----------------------------------------------------------------------------------------------------------------------- */

struct listing {
	struct buf out;
	bool json;
	struct slice only;
	size_t n;
};

static const char *const hash_names[] = {[FACTOR_SHA1] = "sha1", [FACTOR_SHA256] = "sha256", [FACTOR_SHA512] = "sha512"};

static void list_text(struct listing *l, struct slice person, const struct factor_status *st)
{
	char good[40], bad[40];
	if (!l->n)
		buf_addf(&l->out, "%-20s %-11s %-18s %8s %8s  %-19s  %-19s\n", "PERSON", "STATE", "CODES", "RECOVERY", "FAILURES", "LAST GOOD (UTC)", "LAST WRONG (UTC)");
	size_t from = l->out.n;
	buf_term(&l->out, person);
	for (size_t n = l->out.n - from; n < 20; n++)
		buf_addc(&l->out, ' ');
	if (!st->enrolled) {
		buf_addz(&l->out, " none\n");
		return;
	}
	buf_addf(&l->out, " %-11s %s %s %u %-*s %8u %8u  %-19s  %s\n", st->confirmed ? "confirmed" : "unconfirmed", st->kind.period ? "TOTP" : "HOTP", hash_names[st->kind.hash],
		st->kind.digits, 9 - (int)strlen(hash_names[st->kind.hash]), "", st->recovery_left, st->failures, time_plain(st->last_good, good), time_plain(st->last_bad, bad));
}

static void list_json(struct listing *l, struct slice person, const struct factor_status *st)
{
	buf_addz(&l->out, "{\"person\":");
	buf_json(&l->out, person);
	buf_addf(&l->out, ",\"enrolled\":%s,\"confirmed\":%s", st->enrolled ? "true" : "false", st->confirmed ? "true" : "false");
	if (st->enrolled) {
		buf_addf(&l->out, ",\"kind\":\"%s\",\"hash\":\"%s\",\"digits\":%u,\"period\":%u,\"recovery_left\":%u,\"failures\":%u,\"drift\":%d", st->kind.period ? "totp" : "hotp",
			hash_names[st->kind.hash], st->kind.digits, st->kind.period, st->recovery_left, st->failures, st->drift);
		gates_json_time(&l->out, "since", st->since);
		gates_json_time(&l->out, "last_good", st->last_good);
		gates_json_time(&l->out, "last_wrong", st->last_bad);
		gates_json_time(&l->out, "last_recovery", st->last_recovery);
	}
	buf_addz(&l->out, "}\n");
}

static int list_one(void *arg, struct slice person, const struct factor_status *st)
{
	struct listing *l = arg;
	if (l->only.n && !slice_eq(l->only, person))
		return 0;
	(l->json ? list_json : list_text)(l, person, st);
	l->n++;
	return 0;
}

/* Persons without a second factor are what one looks for. */
static int list_bare(struct gates *g, struct factor *f, struct listing *l, struct err *e)
{
	struct gate_policy p;
	struct factor_status st;
	int rc = gate_policy_load(g->gate.vault, &p, e);
	if (rc)
		return rc;
	for (size_t i = 0; i < p.npersons && !rc; i++) {
		rc = factor_status(f, p.persons[i].id, &st, e);
		if (!rc && !st.enrolled)
			list_one(l, p.persons[i].id, &st);
	}
	gate_policy_free(&p);
	return rc;
}

static int status(struct gates *g, const struct args *a)
{
	struct listing l = {.json = g->json, .only = slice_of(a->noperands > 1 ? a->operand[1] : NULL)};
	struct err e;
	struct factor *f = open_factor(g, false);
	if (!f)
		return EXIT_INPUT;
	int rc = factor_each(f, list_one, &l, &e);
	if (!rc)
		rc = list_bare(g, f, &l, &e);
	if (rc)
		rc = gates_failed(&e);
	else if (!l.n && l.only.n)
		rc = EXIT_USAGE;
	else
		rc = write_out(NULL, buf_slice(&l.out)) ? EXIT_DONE : EXIT_INPUT;
	if (rc == EXIT_USAGE && l.only.n)
		complain("there is no person %.*s", SLFMT(slice_to(l.only, 128)));
	buf_free(&l.out);
	factor_close(f);
	return rc;
}

/* ---- the command -------------------------------------------------------------------------------------------------------------------- */

static const struct gates_verb verbs[] = {
	{"enroll", "PERSON", 1, 1, VAULT_WRITE, enroll}, {"confirm", "PERSON", 1, 1, VAULT_WRITE, confirm}, {"codes", "PERSON", 1, 1, VAULT_WRITE, codes},
	{"reset", "PERSON", 1, 1, VAULT_WRITE, reset}, {"status", "[PERSON]", 0, 1, VAULT_WRITE, status}, {"clock", "", 0, 0, VAULT_WRITE, set_clock},
};

static int run(const struct args *a)
{
	if (a->noperands && strcmp(a->operand[0], "coverage") == 0)
		return mfa_coverage(a);
	return gates_run(a, verbs, ARRAY_LEN(verbs));
}

const struct command command_mfa = {
	.name = "mfa",
	.summary = "second factors: enrolment, recovery codes, and who logs in without",
	.usage = "mfa [OPTION...] enroll PERSON | confirm PERSON | status [PERSON] | codes PERSON | reset PERSON | clock | coverage [PATH...]",
	.description = "enroll PERSON     a fresh secret, as a QR code on the terminal; it does not count before it is confirmed\n"
		       "confirm PERSON    with two codes that follow each other, read from the terminal or standard input; shows the recovery codes\n"
		       "status [PERSON]   who has one, how many recovery codes are left, when it was last used\n"
		       "codes PERSON      new recovery codes; the old ones are void\n"
		       "reset PERSON      takes it away, with its recovery codes and the networks it was used from\n"
		       "clock             after the clock had been ahead and was set back: says that it is right now\n"
		       "coverage          which accounts really logged in from outside with one factor only, by host, from logs (PATH..., or without\n"
		       "                  one those that postern watch follows); exit 1 when there are some\n\n"
		       "Secrets are encrypted under factor.key in the state's folder, or the systemd credential postern-factor.key. Keep that key\n"
		       "apart from backups of gate.db.",
	.options = options,
	.examples = "  postern mfa enroll jansen\n  postern mfa confirm jansen\n  postern mfa coverage /var/log\n",
	.run = run,
};
