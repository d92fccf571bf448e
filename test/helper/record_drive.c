/* record_drive.c STATE PERSON COMMAND [open|pipe] - makes a recording of what comes on standard input; its id goes to standard output. With "open" it waits
 * there until the session's end is asked for. For test/e2e/session.py. */
#include "gate/gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int take_wanted(void *arg, const struct session *s)
{
	*(nstime *)arg = s->wanted;
	return 0;
}

static void fail(const struct err *e)
{
	fprintf(stderr, "record_drive: %s\n", e->text);
	exit(1);
}

static void feed(struct record *r, enum record_type type, const char *p, size_t n)
{
	struct record_frame f = {.type = RECORD_MAGIC | (uint32_t)type, .size = (uint32_t)n};
	struct buf b = {0}, reply = {0};
	struct err e;
	buf_add(&b, &f, sizeof f);
	buf_add(&b, p, n);
	if (record_feed(r, buf_slice(&b), &reply, &e))
		fail(&e);
	buf_free(&b);
	buf_free(&reply);
}

int main(int argc, char **argv)
{
	char path[3][4096], piece[RECORD_PAYLOAD];
	struct err e;
	size_t n;
	if (argc < 4)
		return 2;
	static const char *const names[] = {"gate.db", "audit.log", "recordings"};
	for (size_t i = 0; i < 3; i++)
		snprintf(path[i], sizeof path[i], "%s/%s", argv[1], names[i]);
	const char *how = argc > 4 ? argv[4] : "";
	struct vault *v = vault_open(path[0], VAULT_CREATE, &e);
	struct chain *c = v ? chain_open(path[1], NULL, NULL, &e) : NULL;
	struct record_store s = {.folder = path[2], .vault = v, .audit = c};
	struct record_meta m = {.person = slice_of(argv[2]), .provider = SL("hafenlicht"), .account = SL("prov1"), .host = SL("db1"), .grant = SL("G-1"), .source = SL("192.0.2.7"),
		.term = SL("xterm"), .command = slice_of(argv[3]), .kind = argv[3][0] ? KIND_COMMAND : KIND_SHELL, .terminal = strcmp(how, "pipe") != 0, .session = UINT32_MAX};
	struct record *r = c ? record_open(&s, &m, &e) : NULL;
	if (!r)
		fail(&e);
	while ((n = fread(piece, 1, sizeof piece, stdin)) > 0)
		feed(r, RECORD_OUTPUT, piece, n);
	printf("%s\n", record_id(r));
	fflush(stdout);
	nstime wanted = NSTIME_NONE;
	for (int i = 0; strcmp(how, "open") == 0 && wanted == NSTIME_NONE && i < 3000; i++) {
		usleep(10000);
		if (session_each(v, slice_of(record_id(r)), take_wanted, &wanted, &e))
			fail(&e);
	}
	int32_t status = 0;
	if (wanted == NSTIME_NONE)
		feed(r, RECORD_EXIT, (const char *)&status, sizeof status);
	if (record_close(r, wanted == NSTIME_NONE ? "" : "its end was asked for", &e))
		fail(&e);
	chain_close(c);
	vault_close(v);
	return 0;
}
