/* test_privilege.h - snapshots made in memory, and what the graph says of them. */
#ifndef POSTERN_TEST_PRIVILEGE_H
#define POSTERN_TEST_PRIVILEGE_H

#include "privilege/privilege.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW (civil_seconds(2026, 11, 26, 12, 0, 0) * NS_SEC)
#define LIST_OF(...) ((struct snap_list){(struct slice[]){__VA_ARGS__}, sizeof((struct slice[]){__VA_ARGS__}) / sizeof(struct slice)})

static inline struct slice kept(struct snapshot *s, const char *text)
{
	return slice_dup(&s->mem, slice_of(text));
}

/* "a,b" */
static inline struct snap_list listed(struct snapshot *s, const char *text)
{
	struct slice rest = slice_of(text), head;
	struct snap_list l = {arena_alloc(&s->mem, 32 * sizeof(struct slice)), 0};
	while (rest.n && l.n < 32) {
		bool more = slice_cut(&rest, ',', &head);
		l.v[l.n++] = slice_dup(&s->mem, more ? head : rest);
		if (!more)
			break;
	}
	return l;
}

static inline struct snap_at at(const char *file, int64_t line)
{
	return (struct snap_at){slice_of(file), line};
}

static inline void sshd(struct snapshot *s, const char *account, const char *name, const char *value)
{
	struct snap_sshd *r = snapshot_add(s, SNAP_K_sshd);
	r->at = at("/etc/ssh/sshd_config", 0);
	r->account = kept(s, account);
	r->name = kept(s, name);
	r->value = kept(s, value);
}

static inline void account(struct snapshot *s, const char *name, int64_t uid, int64_t gid)
{
	struct snap_account *a = snapshot_add(s, SNAP_K_account);
	a->at = at("/etc/passwd", (int64_t)s->naccounts);
	a->name = kept(s, name);
	a->uid = uid;
	a->gid = gid;
	a->home = uid ? slice_dup(&s->mem, slice_of(name)) : SL("/root");
	a->shell = SL("/bin/bash");
	a->password = SNAP_PW_LOCKED;
	a->changed = a->expires = a->max_days = -1;
}

static inline void group(struct snapshot *s, const char *name, int64_t gid, const char *members)
{
	struct snap_group *g = snapshot_add(s, SNAP_K_group);
	g->at = at("/etc/group", (int64_t)s->ngroups);
	g->name = kept(s, name);
	g->gid = gid;
	g->members = listed(s, members);
}

/* root, alice, bob, web; sshd as Debian has it. */
static inline struct snapshot *host(const char *name)
{
	struct snapshot *s = snapshot_new();
	s->host = kept(s, name);
	s->as_root = s->live = SNAP_YES;
	s->taken = NOW / NS_SEC;
	account(s, "root", 0, 0);
	account(s, "alice", 1000, 1000);
	account(s, "bob", 1001, 1001);
	account(s, "web", 33, 33);
	group(s, "root", 0, "");
	group(s, "alice", 1000, "");
	sshd(s, "", "permitrootlogin", "prohibit-password");
	sshd(s, "", "pubkeyauthentication", "yes");
	sshd(s, "", "passwordauthentication", "yes");
	sshd(s, "", "usepam", "yes");
	return s;
}

static inline struct snap_authorized_key *opens(struct snapshot *s, const char *who, const char *fingerprint)
{
	struct snap_authorized_key *k = snapshot_add(s, SNAP_K_authorized_key);
	k->at = at("/home/x/.ssh/authorized_keys", (int64_t)s->nauthorized_keys);
	k->account = kept(s, who);
	k->type = SL("ssh-ed25519");
	k->fingerprint = kept(s, fingerprint);
	k->usable = SNAP_YES;
	return k;
}

static inline struct snap_private_key *lies(struct snapshot *s, int64_t uid, const char *fingerprint, enum snap_tri encrypted)
{
	struct snap_private_key *k = snapshot_add(s, SNAP_K_private_key);
	k->at = at("/home/x/.ssh/id_ed25519", 0);
	k->uid = k->gid = uid;
	k->mode = 0600;
	k->type = SL("ssh-ed25519");
	k->fingerprint = kept(s, fingerprint);
	k->encrypted = encrypted;
	return k;
}

static inline struct snap_sudo *sudo(struct snapshot *s, const char *who, const char *run_as, const char *commands, bool nopasswd)
{
	struct snap_sudo *r = snapshot_add(s, SNAP_K_sudo);
	r->at = at("/etc/sudoers", (int64_t)s->nsudo);
	r->who = listed(s, who);
	r->hosts = listed(s, "ALL");
	r->run_as = listed(s, run_as);
	r->commands = listed(s, commands);
	r->nopasswd = nopasswd ? SNAP_YES : SNAP_UNKNOWN;
	return r;
}

static inline struct privilege *build(const struct org *o, struct snapshot **v, size_t n)
{
	struct err e;
	struct privilege *p = privilege_new(o);
	struct privilege_options opt = {.now = NOW};
	for (size_t i = 0; i < n; i++)
		assert_int_equal(privilege_add(p, v[i], &e), 0);
	assert_int_equal(privilege_build(p, NULL, &opt, &e), 0);
	return p;
}

static inline uint32_t node_of(const struct privilege *p, const char *place)
{
	struct priv_set s = {0};
	struct err e;
	if (privilege_find(p, slice_of(place), &s, &e))
		fail_msg("%s: %s", place, e.text);
	uint32_t v = s.v[0];
	priv_set_free(&s);
	return v;
}

/* SNAP_YES: surely, SNAP_UNKNOWN: perhaps. */
static inline enum snap_tri reaches(const struct privilege *p, const char *from, const char *to)
{
	struct priv_set s = {0};
	struct priv_reach r;
	struct err e;
	if (privilege_find(p, slice_of(from), &s, &e))
		fail_msg("%s: %s", from, e.text);
	assert_int_equal(privilege_reach(p, &s, false, NULL, &r, &e), 0);
	uint32_t node = node_of(p, to);
	enum snap_tri found = r.sure_steps[node] != UINT32_MAX ? SNAP_YES : r.steps[node] != UINT32_MAX ? SNAP_UNKNOWN : SNAP_NO;
	priv_reach_free(&r);
	priv_set_free(&s);
	return found;
}

/* One host, one question. Frees the snapshot. */
static inline enum snap_tri on_one(struct snapshot *s, const char *from, const char *to)
{
	struct privilege *p = build(NULL, &s, 1);
	enum snap_tri found = reaches(p, from, to);
	privilege_free(p);
	snapshot_free(s);
	return found;
}

#endif
