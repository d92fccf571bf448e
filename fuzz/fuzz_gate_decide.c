/* fuzz_gate_decide.c - worlds made of any bytes: the decision and its explanation agree, and an open door is one that somebody else approved, in time, as far as
 * it goes; `until` is where it shuts. */
#include <stdint.h>
#include <stdlib.h>

#include "gate/gate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { GRANTS = 4, PERSONS = 3 };
struct feed {
	const uint8_t *p;
	size_t n;
};

static unsigned byte(struct feed *f)
{
	if (!f->n)
		return 0;
	f->n--;
	return *f->p++;
}

static nstime moment(struct feed *f)
{
	uint64_t v = 0;
	unsigned kind = byte(f);
	for (int i = 0; i < 8; i++)
		v = v << 8 | byte(f);
	if (kind % 8 == 0)
		return (nstime)v; /* also what no clock shows */
	return 1700000000 * NS_SEC + (nstime)(v % 200000) * NS_SEC * 30;
}

/* Mostly what fits, or hardly any door would be open. */
static struct slice text(struct feed *f, const char *likely)
{
	static const char *const known[] = {"", "a", "b", "c", "web1", "wartung", "ls *", "ls -l", "ls; id", "SHA256:x", "SHA256:y"};
	unsigned k = byte(f);
	if (k < 150)
		return slice_of(likely);
	if (k < 200)
		return slice_of(known[k % ARRAY_LEN(known)]);
	size_t n = MIN(f->n, (size_t)(k - 200));
	struct slice s = slice_make((const char *)f->p, n);
	f->p += n;
	f->n -= n;
	return s;
}

struct world {
	struct gate_provider providers[2];
	struct gate_person persons[PERSONS];
	struct gate_key keys[PERSONS];
	struct gate_grant grants[GRANTS];
	struct slice hosts[GRANTS], commands[GRANTS];
	struct gate_window windows[GRANTS][2];
	struct cidr nets[GRANTS];
	struct gate_policy p;
	struct gate_request q;
	struct ip source;
};

static void make_grant(struct feed *f, struct world *w, size_t i, const struct zone *tz)
{
	struct gate_grant *x = &w->grants[i];
	unsigned bits = byte(f);
	w->hosts[i] = text(f, "web1");
	w->commands[i] = text(f, "ls *");
	for (int k = 0; k < 2; k++)
		w->windows[i][k] = (struct gate_window){(uint8_t)byte(f), (uint16_t)(byte(f) * 6), (uint16_t)(byte(f) * 6)};
	w->nets[i].bits = byte(f) % 129;
	for (int k = 0; k < 16; k++)
		w->nets[i].net.b[k] = (uint8_t)byte(f);
	*x = (struct gate_grant){.id = SL("G"), .person = text(f, "a"), .provider = text(f, ""), .hosts = &w->hosts[i], .nhosts = 1, .account = text(f, "wartung"), .sources = &w->nets[i], .nsources = bits & 1, .from = moment(f),
		.until = moment(f), .windows = w->windows[i], .nwindows = byte(f) % 3, .zone = bits & 2 ? SL("Europe/Berlin") : SLICE_NONE, .tz = bits & 2 ? tz : NULL, .may = byte(f) % 16,
		.commands = &w->commands[i], .ncommands = 1, .factor = (bits & 4) != 0, .emergency = (bits & 8) != 0, .state = (enum gate_grant_state)(byte(f) < 200 ? GRANT_APPROVED : byte(f) % 5), .requester = text(f, "a"),
		.approver = text(f, "c"), .boot_until = byte(f) < 200 ? NSTIME_NONE : moment(f)};
}

static void make(struct feed *f, struct world *w, const struct zone *tz)
{
	for (size_t i = 0; i < 2; i++)
		w->providers[i] = (struct gate_provider){.id = text(f, "b"), .state = byte(f) > 200, .until = byte(f) < 200 ? NSTIME_NONE : moment(f), .reason = text(f, "")};
	for (size_t i = 0; i < PERSONS; i++) {
		w->keys[i].fingerprint = text(f, i ? "SHA256:y" : "SHA256:x");
		w->persons[i] = (struct gate_person){.id = text(f, i ? "c" : "a"), .provider = text(f, "b"), .state = byte(f) > 200, .keys = &w->keys[i], .nkeys = 1};
	}
	for (size_t i = 0; i < GRANTS; i++)
		make_grant(f, w, i, tz);
	w->p = (struct gate_policy){.providers = w->providers, .nproviders = 2, .persons = w->persons, .npersons = PERSONS, .grants = w->grants, .ngrants = GRANTS, .seen = byte(f) > 200 ? moment(f) : 0};
	for (int k = 0; k < 16; k++)
		w->source.b[k] = (uint8_t)byte(f);
	w->q = (struct gate_request){.phase = (enum gate_phase)(byte(f) % 8), .kind = (enum gate_kind)(byte(f) % 6), .account = text(f, "wartung"), .host = text(f, "web1"), .person = text(f, ""), .fingerprint = text(f, "SHA256:x"),
		.source = byte(f) & 1 ? &w->source : NULL, .command = text(f, "ls -l"), .factor_given = byte(f) < 200};
}

static void want(bool holds)
{
	if (!holds)
		abort();
}

static void check_open(struct world *w, const struct gate_decision *d, nstime now, nstime boot)
{
	const struct gate_grant *x = d->grant;
	want(x && d->person && x->state == GRANT_APPROVED && x->approver.n && (x->emergency || !slice_eq(x->approver, x->requester)));
	want(now >= x->from && now < x->until && d->until > now && d->until <= x->until);
	want(slice_eq(x->account, w->q.account) && x->account.n && slice_ieq(x->hosts[0], w->q.host));
	want(!x->factor || w->q.factor_given || w->q.phase == PHASE_KEYS);
	want(!x->nsources || w->q.phase == PHASE_KEYS || (w->q.source && cidr_has(&x->sources[0], w->q.source)));
	want(d->person->state == GATE_ACTIVE && (!w->q.fingerprint.n || slice_eq(d->person->keys[0].fingerprint, w->q.fingerprint)));
	if (w->q.phase == PHASE_EXEC && w->q.kind == KIND_COMMAND && !(x->may & MAY_SHELL) && !slice_eq(x->commands[0], w->q.command))
		for (size_t i = 0; i < w->q.command.n; i++)
			want(!strchr(";&|`$(){}<>\n\r\\'\"*?[]!#~=%^\t", w->q.command.p[i]) || w->q.command.p[i] == ' ');
	struct gate_policy one = w->p;
	one.grants = &w->grants[x - w->grants];
	one.ngrants = 1;
	nstime later; /* of the boot clock, as far as it can count */
	if (__builtin_sub_overflow(d->until, now, &later) || __builtin_add_overflow(boot, later, &later))
		later = INT64_MAX;
	want(!gate_decide(&w->q, &one, d->until, later).allow);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct feed f = {data, size};
	struct world w = {0};
	static const struct zone *tz; /* read once */
	if (!tz)
		tz = zone_load(SL("Europe/Berlin"), NULL);
	struct buf lines = {0};
	make(&f, &w, tz);
	nstime now = moment(&f), boot = moment(&f);
	struct gate_decision d = gate_decide(&w.q, &w.p, now, boot), x = gate_explain(&w.q, &w.p, now, boot, &lines);
	want(d.allow == x.allow && d.reason == x.reason && d.grant == x.grant && d.person == x.person && d.until == x.until && d.allow == (d.reason == GATE_OK));
	if (d.allow)
		check_open(&w, &d, now, boot);
	buf_free(&lines);
	return 0;
}
