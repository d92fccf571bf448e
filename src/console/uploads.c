/* uploads.c - how many large bodies are taken at a time: of all, and of one account, so that nobody keeps the others out. */
#include "console/server.h"

#include <stdio.h>

void uploads_init(struct uploads *u)
{
	*u = (struct uploads){.n = 0};
	pthread_mutex_init(&u->lock, NULL);
}

void uploads_end(struct uploads *u)
{
	pthread_mutex_destroy(&u->lock);
}

unsigned uploads_take(struct uploads *u, const char *account, unsigned *place)
{
	unsigned own = 0, status = 0;
	pthread_mutex_lock(&u->lock);
	for (size_t i = 0; i < ARRAY_LEN(u->v); i++) {
		own += u->v[i].taken && strcmp(u->v[i].account, account) == 0;
		if (!u->v[i].taken)
			*place = (unsigned)i;
	}
	if (own >= UPLOADS_ACCOUNT) {
		status = MHD_HTTP_TOO_MANY_REQUESTS;
	} else if (u->n >= ARRAY_LEN(u->v)) {
		status = MHD_HTTP_SERVICE_UNAVAILABLE;
	} else {
		u->n++;
		u->v[*place].taken = true;
		snprintf(u->v[*place].account, sizeof u->v[*place].account, "%s", account);
	}
	pthread_mutex_unlock(&u->lock);
	return status;
}

void uploads_give(struct uploads *u, unsigned place)
{
	pthread_mutex_lock(&u->lock);
	u->v[place].taken = false;
	u->n--;
	pthread_mutex_unlock(&u->lock);
}
