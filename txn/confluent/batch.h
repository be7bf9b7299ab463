// The few declarations of librdkafka's stable C interface that batch.c needs. The library itself is linked by
// confluent-kafka-go, whose copy of the header is out of reach from here.
#ifndef WEIR_BATCH_H
#define WEIR_BATCH_H

#include <stddef.h>
#include <stdint.h>

// weir_rec is one record; its bytes lie in a buffer beside it: key, value, then for each header its two lengths
// (int32_t each), name and value. A length of -1 is null.
typedef struct {
        int64_t offset;
        int64_t timestamp;
        uintptr_t topic; // rd_kafka_topic_t *
        int32_t partition;
        int32_t key_len;
        int32_t value_len;
        int32_t headers;
} weir_rec;

// weir_fetched is what weir_fetch leaves.
typedef struct {
        int n;        // records
        size_t used;  // bytes of the buffer
        void *held;   // the event of a record that did not fit, if any: the next call takes it first
        const void *held_record;
        size_t need;  // its bytes
        void *other;  // an event that is no record, if any; the caller destroys it
        int code;     // of a record with an error, which is in other too
} weir_fetched;

void weir_fetch(void *queue, int timeout_ms, int max, weir_rec *recs, uint8_t *buf, size_t cap, weir_fetched *f);

int weir_produce(void *rk, int n, const weir_rec *recs, const uint8_t *buf, size_t *used, int *err);

uintptr_t weir_topic(void *rk, const char *name);
void weir_topic_free(uintptr_t rkt);
const char *weir_topic_name(uintptr_t rkt);

int weir_event_type(void *ev);
int weir_event_error(void *ev);
int weir_event_code(void *ev, void *rk, char *reason, size_t size, int *fatal);
int weir_fatal(void *rk);
void weir_close(void *rk, void *queue);
int weir_closed(void *rk);
void weir_unassign(void *rk);
int weir_event_about(void *ev, char *topic, size_t size, int32_t *partition, int64_t *offset);
int weir_event_partitions(void *ev);
const char *weir_event_partition(void *ev, int i, int32_t *partition);
void weir_event_free(void *ev);

#endif
