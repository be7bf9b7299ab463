// Many records for one call from Go: such a call costs about as much as librdkafka's own work on a record.
#include "batch.h"

#include <stdio.h>
#include <string.h>
#include <sys/types.h>

// From rdkafka.h, whose ABI is stable since 1.0.
typedef struct {
        int err;
        void *rkt;
        int32_t partition;
        void *payload;
        size_t len;
        void *key;
        size_t key_len;
        int64_t offset;
        void *private_;
} message;

typedef struct {
        char *topic;
        int32_t partition;
        int64_t offset;
        void *metadata;
        size_t metadata_size;
        void *opaque;
        int err;
        void *private_;
} topic_partition;

typedef struct {
        int cnt, size;
        topic_partition *elems;
} topic_partition_list;

enum { EVENT_FETCH = 0x2, EVENT_ERROR = 0x8 };
enum { V_END, V_TOPIC, V_RKT, V_PARTITION, V_VALUE, V_KEY, V_OPAQUE, V_MSGFLAGS, V_TIMESTAMP, V_HEADER, V_HEADERS };
enum { MSG_F_COPY = 0x2 };

void *rd_kafka_queue_poll(void *queue, int timeout_ms);
int rd_kafka_event_type(const void *ev);
void rd_kafka_event_destroy(void *ev);
const message *rd_kafka_event_message_next(void *ev);
int rd_kafka_event_error(void *ev);
const char *rd_kafka_event_error_string(void *ev);
int rd_kafka_event_error_is_fatal(void *ev);
topic_partition_list *rd_kafka_event_topic_partition_list(void *ev);
topic_partition *rd_kafka_event_topic_partition(void *ev);
void rd_kafka_topic_partition_destroy(topic_partition *tp);
void *rd_kafka_consumer_close_queue(void *rk, void *queue);
int rd_kafka_consumer_closed(void *rk);
void rd_kafka_error_destroy(void *error);
int rd_kafka_assign(void *rk, const topic_partition_list *partitions);
int rd_kafka_fatal_error(void *rk, char *errstr, size_t errstr_size);
int64_t rd_kafka_message_timestamp(const message *m, int *type);
int rd_kafka_message_headers(const message *m, void **headers);
size_t rd_kafka_header_cnt(const void *headers);
int rd_kafka_header_get_all(const void *headers, size_t i, const char **name, const void **value, size_t *size);
void *rd_kafka_headers_new(size_t n);
int rd_kafka_header_add(void *headers, const char *name, ssize_t name_size, const void *value, ssize_t value_size);
void rd_kafka_headers_destroy(void *headers);
int rd_kafka_producev(void *rk, ...);
void *rd_kafka_topic_new(void *rk, const char *topic, void *conf);
void rd_kafka_topic_destroy(void *rkt);
const char *rd_kafka_topic_name(const void *rkt);

static uint8_t *put(uint8_t *to, const void *from, size_t n) {
        if (n)
                memcpy(to, from, n);
        return to + n;
}

static uint8_t *put_len(uint8_t *to, int32_t n) { return put(to, &n, sizeof(n)); }

static const uint8_t *get_len(const uint8_t *from, int32_t *n) {
        memcpy(n, from, sizeof(*n));
        return from + sizeof(*n);
}

static size_t size_of(const message *m, void **headers) {
        size_t size = m->len + m->key_len, value_size;
        const char *name;
        const void *value;
        *headers = NULL;
        if (rd_kafka_message_headers(m, headers))
                *headers = NULL;
        for (size_t i = 0; *headers && !rd_kafka_header_get_all(*headers, i, &name, &value, &value_size); i++)
                size += 2 * sizeof(int32_t) + strlen(name) + value_size;
        return size;
}

static uint8_t *put_headers(uint8_t *to, const void *headers, int32_t *n) {
        const char *name;
        const void *value;
        size_t size;
        *n = 0;
        for (; headers && !rd_kafka_header_get_all(headers, *n, &name, &value, &size); (*n)++) {
                size_t name_size = strlen(name);
                to = put_len(to, name_size);
                to = put_len(to, value ? (int32_t)size : -1);
                to = put(to, name, name_size);
                to = put(to, value, value ? size : 0);
        }
        return to;
}

static uint8_t *put_message(uint8_t *to, const message *m, const void *headers, weir_rec *r) {
        int type;
        r->offset    = m->offset;
        r->timestamp = rd_kafka_message_timestamp(m, &type);
        r->topic     = (uintptr_t)m->rkt;
        r->partition = m->partition;
        r->key_len   = m->key ? (int32_t)m->key_len : -1;
        r->value_len = m->payload ? (int32_t)m->len : -1;
        to           = put(to, m->key, m->key ? m->key_len : 0);
        to           = put(to, m->payload, m->payload ? m->len : 0);
        return put_headers(to, headers, &r->headers);
}

// weir_fetch takes up to max records from a consumer's queue, waiting for the first only. It stops at an event that
// is no record and at a record that does not fit. A record with an error is left in other as well.
void weir_fetch(void *queue, int timeout_ms, int max, weir_rec *recs, uint8_t *buf, size_t cap, weir_fetched *f) {
        f->n = 0, f->used = 0, f->need = 0, f->other = NULL, f->code = 0;
        while (f->n < max) {
                void *headers, *ev = f->held ? f->held : rd_kafka_queue_poll(queue, timeout_ms);
                const message *m = f->held_record; // an event gives its record once only
                timeout_ms       = 0;
                f->held = NULL, f->held_record = NULL;
                if (!ev)
                        return;
                if (!m && rd_kafka_event_type(ev) == EVENT_FETCH)
                        m = rd_kafka_event_message_next(ev);
                if (!m || m->err) {
                        f->other = ev, f->code = m ? m->err : 0;
                        return;
                }
                f->need = size_of(m, &headers);
                if (f->need > cap - f->used) {
                        f->held = ev, f->held_record = m;
                        return;
                }
                f->used = put_message(buf + f->used, m, headers, &recs[f->n++]) - buf;
                rd_kafka_event_destroy(ev);
        }
}

static const uint8_t *get_headers(const uint8_t *from, int32_t n, void **headers) {
        *headers = n ? rd_kafka_headers_new(n) : NULL;
        for (int32_t i = 0; i < n; i++) {
                int32_t name_size, value_size;
                from = get_len(from, &name_size);
                from = get_len(from, &value_size);
                // An empty value needs a pointer, and a null value none.
                rd_kafka_header_add(*headers, (const char *)from, name_size, value_size < 0 ? NULL : from + name_size,
                                    value_size < 0 ? 0 : value_size);
                from += name_size + (value_size < 0 ? 0 : value_size);
        }
        return from;
}

// weir_produce enqueues records until one is refused, returns how many were not, and sets used to their bytes and err
// to the refusal or 0.
int weir_produce(void *rk, int n, const weir_rec *recs, const uint8_t *buf, size_t *used, int *err) {
        const uint8_t *at = buf;
        int i;
        *err = 0;
        for (i = 0; i < n; i++) {
                const weir_rec *r  = &recs[i];
                size_t key_len     = r->key_len < 0 ? 0 : r->key_len;
                size_t value_len   = r->value_len < 0 ? 0 : r->value_len;
                const void *key    = r->key_len < 0 ? NULL : at;
                const void *value  = r->value_len < 0 ? NULL : at + key_len;
                void *headers;
                const uint8_t *end = get_headers(at + key_len + value_len, r->headers, &headers);
                *err = rd_kafka_producev(rk, V_RKT, (void *)r->topic, V_PARTITION, r->partition, V_MSGFLAGS, MSG_F_COPY,
                                         V_VALUE, value, value_len, V_KEY, key, key_len, V_TIMESTAMP, r->timestamp,
                                         V_HEADERS, headers, V_END);
                if (*err) {
                        if (headers)
                                rd_kafka_headers_destroy(headers);
                        break;
                }
                at = end;
        }
        *used = at - buf;
        return i;
}

uintptr_t weir_topic(void *rk, const char *name) { return (uintptr_t)rd_kafka_topic_new(rk, name, NULL); }
void weir_topic_free(uintptr_t rkt) { rd_kafka_topic_destroy((void *)rkt); }
const char *weir_topic_name(uintptr_t rkt) { return rd_kafka_topic_name((void *)rkt); }

// weir_fatal returns the code of the fatal error that the instance has, or 0.
int weir_fatal(void *rk) { return rd_kafka_fatal_error(rk, NULL, 0); }

// weir_close starts the closing of a consumer, whose last rebalance events come through queue.
void weir_close(void *rk, void *queue) {
        void *error = rd_kafka_consumer_close_queue(rk, queue);
        if (error)
                rd_kafka_error_destroy(error);
}

int weir_closed(void *rk) { return rd_kafka_consumer_closed(rk); }
void weir_unassign(void *rk) { rd_kafka_assign(rk, NULL); }

int weir_event_type(void *ev) { return rd_kafka_event_type(ev); }
void weir_event_free(void *ev) { rd_kafka_event_destroy(ev); }

int weir_event_error(void *ev) { return rd_kafka_event_error(ev); }

// weir_event_code returns an event's error code and its reason. A fatal one hides the code that it stands for.
int weir_event_code(void *ev, void *rk, char *reason, size_t size, int *fatal) {
        const char *s;
        int code = rd_kafka_event_error(ev), type = rd_kafka_event_type(ev);
        *fatal  = type == EVENT_ERROR && rd_kafka_event_error_is_fatal(ev); // undefined for other types
        *reason = 0;
        if (*fatal)
                return rd_kafka_fatal_error(rk, reason, size);
        if (type == EVENT_ERROR && (s = rd_kafka_event_error_string(ev)))
                snprintf(reason, size, "%s", s);
        return code;
}

// weir_event_about names the partition that an error is about, if it is about one.
int weir_event_about(void *ev, char *topic, size_t size, int32_t *partition, int64_t *offset) {
        topic_partition *tp = rd_kafka_event_type(ev) == EVENT_ERROR ? rd_kafka_event_topic_partition(ev) : NULL;
        if (!tp)
                return 0;
        snprintf(topic, size, "%s", tp->topic);
        *partition = tp->partition;
        *offset    = tp->offset;
        rd_kafka_topic_partition_destroy(tp);
        return 1;
}

int weir_event_partitions(void *ev) {
        topic_partition_list *l = rd_kafka_event_topic_partition_list(ev);
        return l ? l->cnt : 0;
}

const char *weir_event_partition(void *ev, int i, int32_t *partition) {
        topic_partition_list *l = rd_kafka_event_topic_partition_list(ev);
        *partition              = l->elems[i].partition;
        return l->elems[i].topic;
}
