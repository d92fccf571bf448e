/* setup.h - what decode and scan set up alike: inputs, the organisation, zones. */
#ifndef POSTERN_CMD_SETUP_H
#define POSTERN_CMD_SETUP_H

#include "cmd/cmd.h"
#include "decode/decode.h"
#include "lure/lure.h"
#include "org/org.h"
#include "source/source.h"

enum { THREADS_MAX = 64 };

#define INPUT_OPTIONS                                                                                           \
	{"org", 'o', OPT_TEXT, "FILE", "organisation file: hosts, providers, staff (default: org.yaml beside\nthe logs, then /etc/postern/org.yaml)"}, \
	{"tz", 0, OPT_TEXT, "ZONE", "zone of times that carry none: Europe/Berlin, +02:00\n(default: the organisation file's, else UTC)"}, \
	{"all", 'a', OPT_FLAG, NULL, "in folders, also read text files that do not look like logs"}, \
	{"threads", 'j', OPT_NUMBER, "N", "threads to use (default: the machine's)", 1, THREADS_MAX}

struct setup {
	struct org *org;
	char org_path[4096];       /* "" when none */
	struct zone *zone;         /* of --tz */
	struct lure_products *products; /* of setup_known */
	struct source_set set;
	struct decode_options decode;
	unsigned threads;
	char this_host[256];       /* the machine's name, asked for before the confinement */
	int missing;               /* a named input could not be read: exit 3 in the end */
};
/* 0, or an exit code after a message. setup_free in any case. */
int setup_inputs(struct setup *s, const struct args *a);
/* Its two halves, for who has things to do between them: organisation (also looked for beside the operands), zone, threads, name of the machine; then, in
 * a process that is confined, the logs that the operands name. */
int setup_begin(struct setup *s, const struct args *a);
void setup_look(struct setup *s, const struct args *a);
void setup_free(struct setup *s);
/* Give up what reading and writing --output do not need. 0, or an exit code after a message. */
int setup_confine(const struct args *a);
/* For commands of the state: writing below its folder and `other` (may be NULL) is left, too, and reaching its files as their owner. */
int setup_confine_with(const struct args *a, const char *state, const char *other);
/* Only the organisation: --org, $POSTERN_CONFIG/org.yaml, /etc/postern/org.yaml, or an empty one. 0, or an exit code after a message. */
int setup_org(struct setup *s, const struct args *a);
/* What comes with postern, into buf: $variable, else share/postern/INSTALLED beside the program, else SOURCE of the source tree it was built in; "" when it is not there. */
const char *shared_file(const char *variable, const char *installed, const char *source, char *buf, size_t n);
#define PRODUCTS_OPTION \
	{"products", 'P', OPT_LIST, "FILE", "your own list of products and who signs them, added to ours; may be given several times\n(default: /etc/postern/products.yaml)"}
/* What lures are compared with: the organisation (setup_org), and known products: those that come with postern, then --products or products.yaml in $POSTERN_CONFIG or
 * /etc/postern. out borrows from s. 0, or an exit code after a message. */
int setup_known(struct setup *s, const struct args *a, struct lure_known *out);
/* The folder a file lies in, into buf. */
const char *folder_of(const char *file, char *buf, size_t n);
/* A file of Postern's state: in --state, $POSTERN_STATE or /var/lib/postern. False after a message. */
bool state_file(const struct args *a, const char *name, char *out, size_t n);
/* Problems with inputs as messages on stderr, at most `most`. */
void setup_tell_problems(const struct setup *s, size_t most);

#endif
