/* commands.c - postern-threads: the program with only the commands that read with several threads. */
#include "cmd/cmd.h"

#include <stddef.h>

extern const struct command command_scan, command_decode;

const struct command *const commands[] = {&command_scan, &command_decode, NULL};
