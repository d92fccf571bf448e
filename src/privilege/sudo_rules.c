/* sudo_rules.c - whom a rule of sudoers concerns: its lists of users, hosts and target users, and the defaults. In each list the last that fits decides
 * (sudoers(5)). Netgroups and groups of plugins are not in a snapshot: they make the answer unknown. */
#include "privilege/privilege_private.h"

enum snap_tri sudo_who(const struct place *l, const struct snap_account *a, struct snap_list who, struct slice *by)
{
	enum snap_tri found = SNAP_NO;
	*by = SLICE_NONE;
	for (size_t i = 0; i < who.n; i++) {
		struct slice w = who.v[i];
		bool not = command_negated(&w);
		enum snap_tri hit = SNAP_NO;
		int64_t n;
		if (slice_starts(w, SL("+")) || slice_starts(w, SL("%:")))
			hit = a->uid >= 1000 ? SNAP_UNKNOWN : SNAP_NO;
		else if (slice_starts(w, SL("%#")))
			hit = slice_i64(slice_from(w, 2), &n) && in_gid(l, a, n) ? SNAP_YES : SNAP_NO;
		else if (slice_starts(w, SL("%")))
			hit = in_group(l, a, slice_from(w, 1)) ? SNAP_YES : SNAP_NO;
		else if (slice_starts(w, SL("#")))
			hit = slice_i64(slice_from(w, 1), &n) && a->uid == n ? SNAP_YES : SNAP_NO;
		else
			hit = slice_eqz(w, "ALL") || slice_eq(w, a->name) ? SNAP_YES : SNAP_NO;
		if (hit == SNAP_NO)
			continue;
		if (hit == SNAP_UNKNOWN)
			found = found == SNAP_YES && !not ? SNAP_YES : SNAP_UNKNOWN;
		else
			found = not ? SNAP_NO : SNAP_YES;
		*by = w;
	}
	return found;
}

static enum snap_tri host_fits(const struct place *l, struct slice w)
{
	struct cidr c;
	struct ip ip;
	size_t known = 0;
	ssize_t mask = slice_chr(w, '/');
	if (slice_eqz(w, "ALL"))
		return SNAP_YES;
	if (slice_starts(w, SL("+")))
		return SNAP_UNKNOWN;
	if (mask > 0 && slice_chr(slice_from(w, (size_t)mask + 1), '.') >= 0)
		return SNAP_UNKNOWN; /* 10.0.0.0/255.0.0.0 */
	if (!cidr_parse(w, &c))
		return place_called(l, w) || glob(w, l->names[0]) || glob(w, l->names[1]) ? SNAP_YES : SNAP_NO;
	for (size_t i = 0; i < l->s->addresses.n; i++) {
		if (!ip_parse(l->s->addresses.v[i], &ip) || ip_is_loopback(&ip))
			continue;
		known++;
		if (cidr_has(&c, &ip))
			return SNAP_YES;
	}
	return known ? SNAP_NO : SNAP_UNKNOWN;
}

enum snap_tri sudo_hosts(const struct place *l, struct snap_list hosts)
{
	enum snap_tri found = hosts.n ? SNAP_NO : SNAP_YES;
	for (size_t i = 0; i < hosts.n; i++) {
		struct slice w = hosts.v[i];
		bool not = command_negated(&w);
		enum snap_tri hit = host_fits(l, w);
		if (hit == SNAP_YES)
			found = not ? SNAP_NO : SNAP_YES;
		else if (hit == SNAP_UNKNOWN)
			found = SNAP_UNKNOWN;
	}
	return found;
}

enum snap_tri sudo_runas(const struct place *l, const struct snap_sudo *r, const struct snap_account *caller, const struct snap_account *target)
{
	struct slice by;
	if (!r->run_as.n)
		return r->run_as_groups.n ? (caller == target ? SNAP_YES : SNAP_NO) : target->uid == 0 ? SNAP_YES : SNAP_NO;
	return sudo_who(l, target, r->run_as, &by);
}

enum snap_tri sudo_default(const struct place *l, const struct snap_account *a, const char *name)
{
	enum snap_tri found = SNAP_UNKNOWN;
	for (size_t i = 0; i < l->s->nsudo_defaults; i++) {
		const struct snap_sudo_default *d = &l->s->sudo_defaults[i];
		struct slice scope = d->scope, by, whom;
		if (!slice_eqz(d->name, name))
			continue;
		if (slice_starts(scope, SL("user:"))) {
			whom = slice_from(scope, 5);
			if (sudo_who(l, a, (struct snap_list){&whom, 1}, &by) != SNAP_YES)
				continue;
		} else if (slice_starts(scope, SL("host:"))) {
			if (host_fits(l, slice_from(scope, 5)) != SNAP_YES)
				continue;
		} else if (scope.n) {
			continue; /* of a target or a command: not of all that the rule permits */
		}
		found = slice_eqz(d->value, "false") || slice_eqz(d->value, "never") ? SNAP_NO : SNAP_YES;
	}
	return found;
}

/* YYYYMMDDHH[MM[SS]]Z or with an offset; the rest is left to the doubt. */
bool sudo_over(const struct privilege *p, const struct snap_sudo *r)
{
	return r->not_after.n && time_over(p, r->not_after);
}
