/* store_private.h - private to room store: statements. */
#ifndef POSTERN_STORE_PRIVATE_H
#define POSTERN_STORE_PRIVATE_H

#include "store/store.h"

#include <sqlite3.h>

#define INCIDENT_COLUMNS "id,title,kind,reason,level,status,stages,findings,first,last,opened,updated,closed,merged,follows,closer,closing"

#define CONTACT_COLUMNS "ref,uid,time,who,platform,profile,firm,began,device,words,verdict,moved,offered,opened,state,outcome,answer,answerer,answered,coalesce((SELECT incident FROM finding WHERE uid=contact.uid),'')"

#define MESSAGE_COLUMNS "id,channel,body,state,attempts,created,due,incident,level,changes,digest,held,under_way,doubt,sent,error"
/* A page of a list of incidents: which ones is found in an index alone (those of schema.c hold all that is asked), rows are read only for what is shown. With words in the title
 * there is no such index. A "+": not by the index of that column. */
#define BROWSE_WHICH(by) "level>=?2 AND " by "updated>=?3 AND " by "updated<?4 AND (?5='' OR kind=?5)"
#define BROWSE_WORDS " AND (title LIKE ?6 ESCAPE '\\' OR id LIKE ?6 ESCAPE '\\')"
#define BROWSE_PAGE(whose, by, words, order) "SELECT " INCIDENT_COLUMNS " FROM incident WHERE id IN (SELECT id FROM incident WHERE " whose " AND " BROWSE_WHICH(by) words \
	" ORDER BY " order " LIMIT ?7 OFFSET ?8) ORDER BY " order
#define BROWSE_CHANGED "updated DESC,id"
#define BROWSE_WORST "level DESC,updated DESC,id"
#define BROWSE_NEWEST "opened DESC,id"
#define BROWSE_ONE "status=?1"
#define BROWSE_ALL "?1<0"

/* Statements are prepared once, when first used. */
#define STATEMENTS(X) \
	X(Q_SEED_GET, "SELECT value FROM meta WHERE name='seed'") \
	X(Q_SEED_PUT, "INSERT INTO meta(name,value) VALUES('seed',?1)") \
	X(Q_SOURCE_PUT, "INSERT INTO source(path,host,dev,ino,pos,head,head_bytes,seen,done,log,id) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11) ON CONFLICT(id) DO UPDATE SET " \
		"path=?1,host=?2,dev=?3,ino=?4,pos=?5,head=?6,head_bytes=?7,seen=?8,done=?9,log=?10") \
	X(Q_SOURCES, "SELECT path,host,dev,ino,pos,head,head_bytes,seen,done,log,id FROM source ORDER BY id") \
	X(Q_MEMORY_PUT, "INSERT INTO memory(name,bytes) VALUES(?1,?2) ON CONFLICT(name) DO UPDATE SET bytes=excluded.bytes") \
	X(Q_MEMORY_GET, "SELECT bytes FROM memory WHERE name=?1") \
	X(Q_FINDING_GET, "SELECT count,level,body FROM finding WHERE uid=?1") \
	X(Q_FINDING_PUT, "INSERT INTO finding(uid,rule,level,first,last,count,title,body) VALUES(?1,?2,?3,?4,?5,?6,?7,?8) ON CONFLICT(uid) DO UPDATE SET " \
		"rule=?2,level=?3,first=?4,last=?5,count=?6,title=?7,body=?8") \
	X(Q_FINDING_JOIN, "UPDATE finding SET former=former||CASE WHEN EXISTS(SELECT 1 FROM incident i WHERE i.id=finding.incident AND i.status IN (1,2)) THEN incident||' ' ELSE '' END," \
		"incident=?2 WHERE uid=?1 AND incident IS NOT ?2") \
	X(Q_FINDINGS_REJOIN, "UPDATE finding SET incident=?2 WHERE incident=?1") \
	X(Q_FINDINGS_COUNT, "SELECT count(*) FROM finding WHERE incident=?1") \
	X(Q_FINDINGS_NEWEST, "SELECT max(last) FROM finding WHERE last<=?1") \
	X(Q_FINDINGS, "SELECT body,incident FROM finding WHERE last>=?1 ORDER BY first,uid") \
	X(Q_FINDINGS_OF, "SELECT body,incident FROM finding WHERE uid IN (SELECT uid FROM finding WHERE incident=?2 UNION ALL " \
		"SELECT uid FROM finding WHERE former<>'' AND instr(former,?2||' ')>0) AND last>=?1 ORDER BY first,uid") \
	X(Q_INCIDENT_PUT, "INSERT INTO incident(id,title,kind,reason,level,status,stages,findings,first,last,opened,updated,closed,merged,follows) " \
		"VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15) ON CONFLICT(id) DO UPDATE SET " \
		"title=?2,kind=?3,reason=?4,level=?5,status=?6,stages=?7,findings=?8,first=?9,last=?10,opened=?11,updated=?12,closed=?13,merged=?14,follows=?15") \
	X(Q_INCIDENT_GET, "SELECT " INCIDENT_COLUMNS " FROM incident WHERE id=?1") \
	X(Q_INCIDENT_MATCH, "SELECT " INCIDENT_COLUMNS " FROM incident WHERE substr(id,1,length(?1))=?1 ORDER BY id LIMIT 4") \
	X(Q_INCIDENT_DECIDE, "UPDATE incident SET status=?2,closed=?3,updated=?4,closer=?5,closing=?6,merged=''," \
		"decision=(SELECT value FROM meta WHERE name='decision') WHERE id=?1") \
	X(Q_DECISION_NEXT, "INSERT INTO meta(name,value) VALUES('decision',1) ON CONFLICT(name) DO UPDATE SET value=value+1") \
	X(Q_DECISIONS, "SELECT decision,id,status,closed FROM incident WHERE decision>?1 ORDER BY decision") \
	X(Q_DECISION_NEWEST, "SELECT max(value) FROM meta WHERE name='decision'") \
	X(Q_INCIDENTS, "SELECT " INCIDENT_COLUMNS " FROM incident WHERE ?1<0 OR status=?1 ORDER BY updated DESC,id") \
	X(Q_BROWSE_ONE_CHANGED, BROWSE_PAGE(BROWSE_ONE, "", "", BROWSE_CHANGED)) \
	X(Q_BROWSE_ONE_WORST, BROWSE_PAGE(BROWSE_ONE, "+", "", BROWSE_WORST)) \
	X(Q_BROWSE_ONE_NEWEST, BROWSE_PAGE("+" BROWSE_ONE, "+", "", BROWSE_NEWEST)) \
	X(Q_BROWSE_COUNT_ONE, "SELECT count(*) FROM incident WHERE " BROWSE_ONE " AND " BROWSE_WHICH("")) \
	X(Q_BROWSE_ALL_CHANGED, BROWSE_PAGE(BROWSE_ALL, "", "", BROWSE_CHANGED)) \
	X(Q_BROWSE_ALL_WORST, BROWSE_PAGE(BROWSE_ALL, "+", "", BROWSE_WORST)) \
	X(Q_BROWSE_ALL_NEWEST, BROWSE_PAGE(BROWSE_ALL, "+", "", BROWSE_NEWEST)) \
	X(Q_BROWSE_COUNT_ALL, "SELECT count(*) FROM incident WHERE " BROWSE_ALL " AND " BROWSE_WHICH("")) \
	X(Q_BROWSE_ONE_CHANGED_WORDS, BROWSE_PAGE(BROWSE_ONE, "", BROWSE_WORDS, BROWSE_CHANGED)) \
	X(Q_BROWSE_ONE_WORST_WORDS, BROWSE_PAGE(BROWSE_ONE, "+", BROWSE_WORDS, BROWSE_WORST)) \
	X(Q_BROWSE_ONE_NEWEST_WORDS, BROWSE_PAGE("+" BROWSE_ONE, "+", BROWSE_WORDS, BROWSE_NEWEST)) \
	X(Q_BROWSE_COUNT_ONE_WORDS, "SELECT count(*) FROM incident WHERE " BROWSE_ONE " AND " BROWSE_WHICH("") BROWSE_WORDS) \
	X(Q_BROWSE_ALL_CHANGED_WORDS, BROWSE_PAGE(BROWSE_ALL, "", BROWSE_WORDS, BROWSE_CHANGED)) \
	X(Q_BROWSE_ALL_WORST_WORDS, BROWSE_PAGE(BROWSE_ALL, "+", BROWSE_WORDS, BROWSE_WORST)) \
	X(Q_BROWSE_ALL_NEWEST_WORDS, BROWSE_PAGE(BROWSE_ALL, "+", BROWSE_WORDS, BROWSE_NEWEST)) \
	X(Q_BROWSE_COUNT_ALL_WORDS, "SELECT count(*) FROM incident WHERE " BROWSE_ALL " AND " BROWSE_WHICH("") BROWSE_WORDS) \
	X(Q_INCIDENT_LEVELS, "SELECT status,level,count(*),max(updated) FROM incident GROUP BY status,level") \
	X(Q_INCIDENT_JOINED, "SELECT id FROM incident WHERE merged=?1 AND merged<>'' AND status=3 ORDER BY updated DESC,id") \
	X(Q_SOURCE_LOGS, "SELECT host,log,max(path),max(seen),count(*),min(done) FROM source GROUP BY host,CASE log WHEN '' THEN path ELSE log END ORDER BY max(seen),host,log,path") \
	X(Q_SEARCH_FINDINGS, "SELECT body,incident FROM finding WHERE incident IS NOT NULL ORDER BY last DESC LIMIT ?1") \
	X(Q_SEARCH_NOTES, "SELECT incident,time,author,text FROM note WHERE text LIKE ?1 ESCAPE '\\' OR author LIKE ?1 ESCAPE '\\' ORDER BY id DESC LIMIT ?2") \
	X(Q_NOTE_ADD, "INSERT INTO note(incident,time,author,text) VALUES(?1,?2,?3,?4)") \
	X(Q_NOTES, "SELECT time,author,text FROM note WHERE incident=?1 ORDER BY id") \
	X(Q_MESSAGE_ADD, "INSERT OR IGNORE INTO outbox(id,channel,body,state,attempts,created,due,incident,level,changes,digest) VALUES(?1,?2,?3,0,0,?4,?5,?6,?7,?8,?9)") \
	X(Q_MESSAGE_GET, "SELECT " MESSAGE_COLUMNS " FROM outbox WHERE id=?1") \
	X(Q_MESSAGES_DUE, "SELECT " MESSAGE_COLUMNS " FROM outbox WHERE state=0 AND due<=?1 AND (?2='' OR channel=?2) AND level BETWEEN ?3 AND ?4 " \
		"ORDER BY level DESC,created,id LIMIT ?5") \
	X(Q_MESSAGES, "SELECT " MESSAGE_COLUMNS " FROM outbox WHERE state=?1 AND (?2<0 OR held=?2) ORDER BY created,id") \
	X(Q_MESSAGE_WAITING, "SELECT " MESSAGE_COLUMNS " FROM outbox WHERE incident=?1 AND channel=?2 AND state=0 AND attempts=0 AND doubt=0 ORDER BY created DESC,id LIMIT 1") \
	X(Q_MESSAGE_KNOWN, "SELECT 1 FROM outbox WHERE incident=?1 AND channel=?2 AND digest=?3 LIMIT 1") \
	X(Q_MESSAGE_MARK, "UPDATE outbox SET state=?2,attempts=?3,due=?4,held=?5,under_way=?6,doubt=?7,sent=?8,error=?9 WHERE id=?1") \
	X(Q_MESSAGE_REWRITE, "UPDATE outbox SET body=?2,digest=?3,changes=?4,level=?5 WHERE id=?1 AND state=0 AND attempts=0 AND doubt=0") \
	X(Q_MESSAGES_HOLD, "UPDATE outbox SET due=?1,held=?2 WHERE state=0 AND under_way=0 AND channel=?3 AND due<=?4 AND level BETWEEN ?5 AND ?6") \
	X(Q_MESSAGES_GROUP, "UPDATE outbox SET state=3 WHERE state=0 AND under_way=0 AND held<>0 AND channel=?1 AND due<=?2 AND level BETWEEN ?3 AND ?4") \
	X(Q_MESSAGES_SENT, "SELECT count(*),coalesce(min(sent),0) FROM outbox WHERE channel=?1 AND sent>?2 AND state=1 AND level BETWEEN ?3 AND ?4") \
	X(Q_MESSAGES_RESUME, "UPDATE outbox SET under_way=0,doubt=1,due=min(due,?1) WHERE state=0 AND under_way=1") \
	X(Q_MESSAGES_REQUEUE, "UPDATE outbox SET state=0,attempts=0,due=?1,held=0 WHERE state=2 AND (?2='' OR id=?2)") \
	X(Q_MESSAGES_NEXT, "SELECT min(due) FROM outbox WHERE state=0 AND due>?1") \
	X(Q_MESSAGE_COUNT, "SELECT count(*) FROM outbox WHERE state=?1") \
	X(Q_ACTION_ADD, "INSERT OR IGNORE INTO action(id,incident,kind,target,state,dry_run,created,until,done,attempts,result,undo) " \
		"VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)") \
	X(Q_ACTION_SET, "UPDATE action SET state=?2,dry_run=?3,until=?4,done=?5,attempts=?6,result=?7,undo=?8 WHERE id=?1") \
	X(Q_ACTION_GET, "SELECT id,incident,kind,target,state,dry_run,created,until,done,attempts,result,undo FROM action WHERE id=?1") \
	X(Q_ACTIONS, "SELECT id,incident,kind,target,state,dry_run,created,until,done,attempts,result,undo FROM action " \
		"WHERE (?1<0 OR state=?1) AND (?2 IS NULL OR incident=?2) ORDER BY created,id") \
	X(Q_SUPPRESSION_ADD, "INSERT INTO suppression(rule,host,user,source,command,reason,incident,author,created,until,revoked) " \
		"VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)") \
	X(Q_SUPPRESSION_REVOKE, "UPDATE suppression SET revoked=coalesce(revoked,?2) WHERE id=?1") \
	X(Q_SUPPRESSIONS, "SELECT id,rule,host,user,source,command,reason,incident,author,created,until,revoked FROM suppression ORDER BY id") \
	X(Q_RETAIN_FINDINGS, "DELETE FROM finding WHERE (incident IS NULL AND last<?1) OR incident IN (SELECT id FROM incident WHERE status<>0 AND updated<?1)") \
	X(Q_RETAIN_NOTES, "DELETE FROM note WHERE incident IN (SELECT id FROM incident WHERE status<>0 AND updated<?1)") \
	X(Q_RETAIN_INCIDENTS, "DELETE FROM incident WHERE status<>0 AND updated<?1") \
	X(Q_RETAIN_MESSAGES, "DELETE FROM outbox WHERE state IN (1,3) AND created<?1") \
	X(Q_RETAIN_REPORTS, "DELETE FROM report WHERE taken=1 AND time<?1") \
	X(Q_REPORT_ADD, "INSERT OR IGNORE INTO report(uid,time,who,verdict,name,sender,recipient,hashes,body) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)") \
	X(Q_REPORTS, "SELECT uid,time,who,verdict,name,sender,recipient,hashes,taken FROM report WHERE time>=?1 ORDER BY time,uid") \
	X(Q_REPORTS_WAITING, "SELECT body FROM report WHERE taken=0 ORDER BY time,uid") \
	X(Q_REPORTS_WAIT, "SELECT 1 FROM report WHERE taken=0 LIMIT 1") \
	X(Q_REPORTS_TAKEN, "UPDATE report SET taken=1 WHERE taken=0") \
	X(Q_RETAIN_CONTACT_FILES, "DELETE FROM contact_file WHERE time<?1 AND ref NOT IN (SELECT ref FROM contact WHERE time>=?1 OR state<>2)") \
	X(Q_RETAIN_CONTACTS, "DELETE FROM contact WHERE time<?1 AND state=2") \
	X(Q_CONTACT_ADD, "INSERT OR IGNORE INTO contact(ref,uid,time,who,platform,profile,firm,began,device,words,verdict,moved,offered,opened) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)") \
	X(Q_CONTACT_GET, "SELECT " CONTACT_COLUMNS " FROM contact WHERE ref=?1") \
	X(Q_CONTACTS, "SELECT " CONTACT_COLUMNS " FROM contact WHERE ref IN (SELECT ref FROM contact INDEXED BY contact_time WHERE (?1<0 OR state=?1) AND (?2='' OR who=?2) " \
		"AND (?3='' OR uid IN (SELECT uid FROM finding WHERE incident=?3)) ORDER BY time DESC,ref LIMIT ?4 OFFSET ?5) ORDER BY time DESC,ref") \
	X(Q_CONTACTS_COUNT, "SELECT count(*) FROM contact INDEXED BY contact_time WHERE (?1<0 OR state=?1) AND (?2='' OR who=?2)") \
	X(Q_CONTACTS_SINCE, "SELECT count(*) FROM contact_file WHERE time>=?1 UNION ALL SELECT count(*) FROM contact WHERE time>=?1") \
	X(Q_CONTACT_ANSWER, "UPDATE contact SET state=?2,outcome=?3,answer=?4,answerer=?5,answered=?6 WHERE ref=?1 AND state<=?2") \
	X(Q_CONTACT_FILE_ADD, "INSERT INTO contact_file(ref,n,time,told) SELECT ?1,?2,?3,?4 WHERE NOT EXISTS (SELECT 1 FROM contact WHERE ref=?1) " \
		"ON CONFLICT(ref,n) DO UPDATE SET time=excluded.time,told=excluded.told") \
	X(Q_CONTACT_FILES, "SELECT told FROM contact_file WHERE ref=?1 ORDER BY n") \
	X(Q_CONTACT_FIRST, "SELECT min(c.time)-min(i.first) AS late FROM contact c INDEXED BY contact_time JOIN finding f ON f.uid=c.uid JOIN incident i ON i.id=f.incident WHERE c.time>=?1 GROUP BY i.id ORDER BY late") \
	X(Q_CONTACT_ANSWERED, "SELECT answered-time AS late FROM contact INDEXED BY contact_answer WHERE time>=?1 AND state=2 ORDER BY late") \
	X(Q_CONTACT_OUTCOMES, "SELECT outcome,state,count(*) FROM contact INDEXED BY contact_answer WHERE time>=?1 GROUP BY outcome,state") \
	X(Q_EXAMPLE_ADD, "INSERT INTO example(incident,time,author,title,body) VALUES(?1,?2,?3,?4,?5)") \
	X(Q_EXAMPLE_DELETE, "DELETE FROM example WHERE id=?1") \
	X(Q_EXAMPLES, "SELECT id,incident,time,author,title,body FROM example WHERE ?1<0 OR id=?1 ORDER BY time DESC,id DESC LIMIT 500") \
	X(Q_DATA_VERSION, "PRAGMA data_version") X(Q_BEGIN, "BEGIN IMMEDIATE") X(Q_COMMIT, "COMMIT") X(Q_ROLLBACK, "ROLLBACK")
enum statement {
#define X(id, sql) id,
	STATEMENTS(X)
#undef X
	STATEMENT_COUNT
};

struct store {
	sqlite3 *db;
	char path[4096];
	sqlite3_stmt *q[STATEMENT_COUNT];
	struct store_levels levels;    /* as they were counted when others had changed the file so often, and we so often */
	int64_t levels_version;        /* 0: never */
	int64_t levels_changes;
};

/* The prepared statement, bound with nothing; NULL with *e. */
sqlite3_stmt *store_statement(struct store *s, enum statement id, struct err *e);
/* Run to its end; rows are an error. */
int store_run(struct store *s, sqlite3_stmt *q, struct err *e);
/* One step: 1 a row, 0 the end (and reset), ERR_* with *e (and reset). */
int store_step(struct store *s, sqlite3_stmt *q, struct err *e);
int store_fail(struct store *s, struct err *e, const char *doing);
void bind_slice(sqlite3_stmt *q, int at, struct slice v);
void bind_like(sqlite3_stmt *q, int at, struct slice v); /* "%v%" with what LIKE ... ESCAPE '\\' knows escaped; empty stays empty */
void bind_blob(sqlite3_stmt *q, int at, struct slice v);
struct slice column_slice(sqlite3_stmt *q, int at);
void read_incident(sqlite3_stmt *q, struct store_incident *x); /* a row of INCIDENT_COLUMNS; texts are the row's */
void keep_incident(struct arena *mem, struct store_incident *x);
int store_migrate(struct store *s, bool may_write, struct err *e);

#endif
