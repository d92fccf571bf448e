/* book_private.h - what the files of the book share. */
#ifndef POSTERN_INCIDENT_BOOK_PRIVATE_H
#define POSTERN_INCIDENT_BOOK_PRIVATE_H

#include "incident/incident_private.h"

/* A stored incident: every open one, and closed ones of which findings are still here. */
struct entry {
	struct arena mem;
	struct store_incident row;  /* as it is in the file; texts in mem */
	struct incidents *told;     /* NULL: not since it was loaded */
	bool stale;                 /* must be told anew */
	bool retired;               /* some of its findings are in the file only */
	bool reopened;
	bool used;
	uint32_t home;              /* cluster of its findings, during an update */
};

struct item {
	struct joinable j;
	struct entry *entry;        /* the incident it belongs to; NULL none */
	char former[40];            /* closed incident that it left, going on; "" none */
	bool dirty;                 /* says more than the file */
};

struct incident_book {
	const struct org *org;
	struct lru *by_uid;         /* struct item *, owned by items */
	struct lru *by_id;          /* struct entry *, owned by entries */
	struct { struct item **v; size_t n, cap; } items;
	struct { struct entry **v; size_t n, cap; } entries; /* after an update: open ones first, by time of opening */
	struct { struct finding **v; size_t n, cap; } old;   /* replaced; what was told may still point to them */
	int64_t decision;           /* newest that was taken in */
	uint64_t retired;
	bool dirty;
};

static inline bool entry_open(const struct entry *e)
{
	return e && e->row.status == INCIDENT_OPEN;
}
static inline bool item_past(const struct item *it)
{
	return it->entry && !entry_open(it->entry);
}

struct entry *book_entry(const struct incident_book *b, const char *id);   /* NULL: none */
struct entry *book_entry_put(struct incident_book *b, const struct store_incident *row); /* copies */
void book_row(struct entry *e, const struct store_incident *row);          /* copies; texts may be those of e */
int book_order(const struct entry *a, const struct entry *b);              /* opened first, then by id */
/* Reads what people decided since. */
int book_decisions(struct incident_book *b, struct store *s, struct err *e);
/* Takes in what people reported since. */
int book_reports(struct incident_book *b, struct store *s, struct err *e);
/* What is too old or too much goes. */
void book_forget(struct incident_book *b, nstime now);
/* Entries in order; those that nothing refers to go; replaced findings are freed. */
void book_tidy(struct incident_book *b);

#endif
