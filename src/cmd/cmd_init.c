#include "cmd/cmd.h"
static const struct option options[] = {{0}};
static int run(const struct args *a) { (void)a; return EXIT_USAGE; }
const struct command command_init = {.name = "init", .summary = "sets this machine up for a part of Postern", .usage = "init [OPTION...] gate", .description = "x", .options = options, .run = run};
