/* fuzz_decode_json.c - JSON lines of every kind, and Sysmon's XML. */
#include "fuzz_decode.h"

FUZZ_TARGET(0, "{\"MESSAGE\":\"", "{\"_HOSTNAME\":\"h\",\"SYSLOG_IDENTIFIER\":\"sshd\",\"__REALTIME_TIMESTAMP\":\"1777878753250000\",\"MESSAGE\":",
	"{\"Event\":{\"System\":{\"EventID\":", "{\"winlog\":{\"event_id\":", "{\"@timestamp\":\"2026-05-04T07:12:33Z\",\"event\":{\"action\":", "{\"ts\":1777878753.25,\"id.orig_h\":",
	"{\"log\":\"", "{\"time_local\":\"04/May/2026:07:12:33 +0200\",\"request\":\"", "May  4 07:12:33 h sysmon: <Event><System><Provider Name=\"Linux-Sysmon\"/><EventID>",
	"May  4 07:12:33 h sudo: @cee:{\"sudo\":", "{")
