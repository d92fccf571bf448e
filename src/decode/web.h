/* web.h - what the decoders of web servers, proxies and their companions share. Private to room decode. */
#ifndef POSTERN_WEB_H
#define POSTERN_WEB_H

#include "decode/decode_private.h"

/* ---- access.c ------------------------------------------------------------------------------------------------ */
/* s as a line of the common or combined form (a whole line, or a syslog message). l is unchanged when it is not one. */
enum decoded web_access(struct decoder *d, struct dline *l, struct slice s, struct slice dataset);

/* ---- web_url.c ----------------------------------------------------------------------------------------------- */
/* "GET /x?y HTTP/1.1" as the log wrote it (escapes and all): method, url.*, http.version. Garbage becomes url.original. */
void web_add_request(struct decoder *d, struct event *e, struct slice request);
/* ACT_HTTP_WRITE when the request line (or bare method) begins with a method that sends something, ACT_HTTP_SCRIPT when it gets a
 * script with an argument, else ACT_HTTP. Who wants all requests asks for the three. */
enum action web_action(struct slice request);
/* Target alone: origin form, absolute form, or host:port (CONNECT). */
void web_add_target(struct decoder *d, struct event *e, struct slice target, bool authority);
/* "example.org:443", "[2001:db8::1]:443": name and port. */
void web_add_vhost(struct decoder *d, struct event *e, struct slice vhost);
/* "1.2.3.4:51380", "[2001:db8::1]:51380", "::1:50058" when the port is known to be there. */
void web_add_client(struct decoder *d, struct event *e, struct slice client, bool with_port);
/* "-" becomes "", escapes are undone. */
void web_add_text(struct decoder *d, struct event *e, enum field_id f, struct slice text);
/* Failure for 400 and above, success below, none for what is no status. */
enum outcome web_outcome(struct slice status);
/* Closing quote of a quoted text that starts at s: its offset, s.n when it is missing. \" does not close. */
size_t web_quote_end(struct slice s);
bool web_number(struct slice s); /* digits only, at least one */

/* ---- web_modsec.c -------------------------------------------------------------------------------------------- */
/* A message that starts with "ModSecurity: ": what it says, and its [key "value"] fields. */
bool web_is_modsec(struct slice body);
enum decoded web_modsec(struct decoder *d, struct dline *l, struct slice dataset, struct slice body, struct event **ev);

#endif
