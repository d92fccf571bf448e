/* lookaround.c - somebody who does not know the host asks it who, what and where it is; and copies of whole databases. */
#include "detect/profile.h"

static const enum action wants[] = {ACT_EXEC, ACT_SUDO, ACT_COMMAND, ACT_NONE};
static const char *const techniques[] = {"T1033", "T1082", "T1087.001", "T1016", NULL};
static const char *const techniques_dump[] = {"T1213", "T1005", NULL};

/* ---- looking around ------------------------------------------------------------------------------------------ */

enum { ASKED_LEAST = 4 };
#define WITHIN (20 * NS_MIN)

struct asking {
	nstime begin;
	uint32_t days;      /* on which this account did so before: then it is its way of working */
	int64_t last_day;
	struct small_set questions;
	struct kept_line first[ASKED_LEAST - 1]; /* the questions before the one that makes it a finding */
	unsigned nfirst;
};

static void *askings_new(struct detect *d)
{
	(void)d;
	return lru_new(sizeof(struct asking), MEM_SESSIONS / 10, NULL, NULL);
}

static void askings_free(void *state)
{
	lru_free(state);
}

/* What the command asks, as one of a few questions; NULL when it is ordinary work. */
static const char *question(const struct command *c)
{
	static const struct { const char *tools, *argument, *asks; } table[] = {
		{"id whoami groups", NULL, "who am I"}, {"uname hostnamectl lsb_release", NULL, "what machine"}, {"w who last lastlog", NULL, "who else"},
		{"cat less head grep getent", "/etc/passwd", "accounts"}, {"getent", "passwd", "accounts"}, {"cat less head", "/etc/group", "accounts"},
		{"cat less head", "/etc/hosts", "network"}, {"cat less head", "known_hosts", "network"}, {"cat less head", "/etc/os-release", "what machine"},
		{"sudo", "-l", "rights"}, {"ip ifconfig", NULL, "network"}, {"arp route netstat ss", NULL, "network"}, {"ls find", "/home", "homes"},
		{"find", "-perm", "rights"}, {"ps pstree", NULL, "processes"}, {"crontab", "-l", "jobs"}, {"nmap fping masscan arp-scan", NULL, "network"},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (slice_in_list(c->tool, table[i].tools) && (!table[i].argument || slice_has(c->line, slice_of(table[i].argument))))
			return table[i].asks;
	return NULL;
}

static const char *asked(const struct command *c)
{
	return slice_starts(c->whole, SL("sudo -l")) ? "rights" : question(c);
}

static bool asks_something(const struct command *c)
{
	return asked(c) != NULL;
}

static void tell(struct detect *d, struct asking *s, const struct event *e, const struct actor *a, struct slice key)
{
	bool fresh;
	struct finding *f = detect_open(d, &detector_lookaround, key, WITHIN, e->time, &fresh);
	if (fresh) {
		int64_t day = e->time / NS_DAY;
		s->days += s->last_day != day;
		s->last_day = day;
		/* who does so again and again works like that */
		f->level = s->days > 2 ? LEVEL_INFO : a->provider ? LEVEL_MEDIUM : LEVEL_LOW;
		finding_printf(f, &f->title, "%s looked around on %.*s", actor_text(d, a), SLFMT(a->host));
		finding_printf(f, &f->text, "Different questions to the host within minutes (who am I, what machine, which accounts, rights, network). "
			"People who maintain a host know the answers.");
		finding_actor(f, a);
		for (unsigned i = 0; i < s->nfirst; i++)
			kept_add(f, &s->first[i]);
		f->count += s->nfirst;
	}
	finding_evidence(f, e);
}

/* Root asks all day by way of jobs; a person who logged in as root does so at a terminal. */
static bool asks_in_person(const struct event *e, const struct actor *a)
{
	if (!slice_eq(a->account, SL("root")))
		return !a->service && a->account.n;
	struct slice tty = event_str(e, F_PROCESS_TTY);
	return (slice_eq(event_str(e, F_USER_AUDIT_ID), SL("0")) || slice_eq(event_str(e, F_USER_AUDIT), SL("root"))) && slice_starts(tty, SL("pts"));
}

static void event(struct detect *d, void *state, const struct event *e)
{
	struct commands it UNINIT;
	struct command c UNINIT;
	struct actor a UNINIT;
	struct small_set asked_now = {0};
	commands_begin(&it, e);
	while (commands_next(&it, &c)) {
		const char *asks = asked(&c);
		if (asks)
			set_add(&asked_now, hash_slice(slice_of(asks)));
	}
	if (!asked_now.n)
		return;
	detect_actor(d, e, &a);
	if (!asks_in_person(e, &a))
		return;
	struct key k UNINIT;
	key_init(&k);
	key_add(&k, a.host);
	key_add(&k, a.account);
	bool fresh;
	struct asking *s = lru_put(state, key_slice(&k), &fresh);
	if (fresh || e->time - s->begin > WITHIN) {
		s->begin = e->time;
		s->questions = (struct small_set){0};
		s->nfirst = 0;
	}
	for (unsigned i = 0; i < asked_now.n; i++)
		set_add(&s->questions, asked_now.v[i]);
	if (s->questions.n >= ASKED_LEAST)
		tell(d, s, e, &a, key_slice(&k));
	else if (s->nfirst < ARRAY_LEN(s->first))
		kept_set(&s->first[s->nfirst++], e);
}

const struct detector detector_lookaround = {
	.info = {"postern.look-around", "Looking around on a host", LEVEL_LOW, STAGE_TOOLS, techniques,
		"Four different questions (accounts, rights, network, machine, who else) by one account within twenty minutes.",
		"New administrators; troubleshooting."},
	.wants = wants, .might = asks_something, .create = askings_new, .tables = tables_one, .event = event, .destroy = askings_free,
};

/* ---- copies of databases ------------------------------------------------------------------------------------- */

struct dumper {
	uint32_t days;
	int64_t last_day;
};

static void *dumpers_new(struct detect *d)
{
	(void)d;
	return lru_new(sizeof(struct dumper), MEM_ACCOUNTS, NULL, NULL);
}

static bool dumps(const struct command *c)
{
	static const struct { const char *tools, *argument; } table[] = {
		{"pg_dump pg_dumpall mysqldump mariadb-dump mongodump slapcat pg_basebackup mydumper mongoexport xtrabackup mariabackup", ""},
		{"psql", "\\\\copy"}, {"psql", "\\copy"}, {"psql", "COPY "}, {"mysql mariadb", "OUTFILE"}, {"sqlite3", ".dump"}, {"sqlite3", ".backup"}, {"redis-cli", "--rdb"},
		{"tar zip rsync cp scp", "/var/lib/postgresql"}, {"tar zip rsync cp scp", "/var/lib/mysql"}, {"tar zip rsync cp scp", "/var/lib/ldap"},
		{"ldapsearch", "objectclass=*"}, {"ldapsearch", "(uid=*)"},
	};
	if (command_has(c, "--version") || command_has(c, "--help") || command_has(c, "-V") || command_has(c, "--schema-only") || command_has(c, "--no-data"))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (slice_in_list(c->tool, table[i].tools) && slice_ihas(c->line, slice_of(table[i].argument)))
			return true;
	return false;
}

static void dump_event(struct detect *d, void *state, const struct event *e)
{
	struct command c UNINIT;
	struct actor a UNINIT;
	if (!command_find(e, dumps, &c))
		return;
	detect_actor(d, e, &a);
	if (!a.person)
		return; /* backups run under accounts of their own */
	struct key k UNINIT;
	key_init(&k);
	key_add(&k, a.host);
	key_add(&k, a.account);
	bool fresh;
	struct dumper *p = lru_put(state, key_slice(&k), &fresh);
	int64_t day = e->time / NS_DAY;
	uint32_t before = p->days;
	if (fresh || p->last_day != day) {
		p->last_day = day;
		p->days++;
	} else {
		before--;
	}
	nstime began = detect_host_began(d, a.host);
	if (before >= 2 || began == NSTIME_NONE || e->time - began < detect_learning(d))
		return;
	struct finding *f = detect_open(d, &detector_data_dump, key_slice(&k), 12 * NS_HOUR, e->time, &fresh);
	if (fresh) {
		finding_printf(f, &f->title, "%s copied a whole database on %.*s", actor_text(d, &a), SLFMT(a.host));
		finding_printf(f, &f->text, "This person did not do so in the days before: %.*s", SLFMT(slice_to(c.line, 200)));
		finding_actor(f, &a);
		finding_entity(f, ENT_COMMAND, c.line);
	}
	finding_evidence(f, e);
}

const struct detector detector_data_dump = {
	.info = {"postern.data-dump", "Whole database copied", LEVEL_MEDIUM, STAGE_MOVED, techniques_dump,
		"pg_dump, mysqldump, slapcat and like tools run by a person who did not on two days before.",
		"A copy before an upgrade, a move to another host."},
	.wants = wants, .might = dumps, .create = dumpers_new, .tables = tables_one, .event = dump_event, .destroy = askings_free,
};
