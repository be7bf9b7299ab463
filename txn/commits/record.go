package commits

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/weirstream/weir/txn"
)

const (
	recordName    = "weir-commit"
	recordVersion = "1"
)

// Topic is the topic that holds a job's decision records.
func Topic(job string) txn.TopicSpec {
	return txn.TopicSpec{
		Name: job + "-commits", Partitions: 1, // one, so that a reader has one end to reach
		Config: map[string]string{
			"cleanup.policy": "compact",
			// What a recovery reads is what compaction has not reached: the segment being written, so that is small, and is
			// cleaned as soon as it is closed. Markers of transactions go after delete.retention.ms, by default a day.
			"segment.bytes":             "1048576",
			"min.cleanable.dirty.ratio": "0.1",
			"delete.retention.ms":       "60000",
		},
	}
}

// Compacted says whether a topic keeps the newest record of each key for ever. With "compact,delete" it does not.
func Compacted(config map[string]string) bool { return config["cleanup.policy"] == "compact" }

// Encode makes the record that decides that a partition is done up to a position.
func Encode(topic string, p txn.Partition, pos txn.Position) txn.Record {
	key := keyOf(p)
	body := strconv.FormatInt(pos.Offset, 10) + " " + pos.Metadata
	return txn.Record{
		Topic: topic, Key: []byte(key),
		Value: fmt.Appendf(nil, "%s%s %s %s", recordName, recordVersion, checksum(key, body), body),
	}
}

func keyOf(p txn.Partition) string { return p.Topic + "/" + strconv.Itoa(int(p.ID)) }

// checksum binds an offset and its metadata to their partition.
func checksum(key, body string) string {
	return fmt.Sprintf("%016x", xxhash.Sum64String(key+"\n"+body))
}

// Decode reads a record that Encode has made.
func Decode(r txn.Record) (txn.Partition, txn.Position, error) {
	p, pos, err := decode(string(r.Key), string(r.Value))
	if err != nil {
		return txn.Partition{}, txn.Position{}, fmt.Errorf("%s/%d offset %d (key %.80q, value %.80q): %w", r.Topic, r.Partition, r.Offset, r.Key, r.Value, err)
	}
	return p, pos, nil
}

func decode(key, value string) (p txn.Partition, pos txn.Position, err error) {
	name, rest, _ := strings.Cut(value, " ")
	version, ours := strings.CutPrefix(name, recordName)
	sum, body, _ := strings.Cut(rest, " ")
	switch {
	case !ours || version == "" || strings.Trim(version, "0123456789") != "":
		return p, pos, fmt.Errorf("not a decision record; nothing else may be written to this topic")
	case version != recordVersion:
		return p, pos, fmt.Errorf("written by a newer version (format %s, this version reads %s); upgrade", version, recordVersion)
	case sum != checksum(key, body):
		return p, pos, fmt.Errorf("damaged: its checksum is not %s", checksum(key, body))
	}
	offset, metadata, _ := strings.Cut(body, " ")
	pos = txn.Position{Metadata: metadata}
	if pos.Offset, err = strconv.ParseInt(offset, 10, 64); err != nil || pos.Offset < 0 {
		return p, pos, fmt.Errorf("damaged: %q is no offset", offset)
	}
	p, err = partitionOf(key)
	return p, pos, err
}

func partitionOf(key string) (txn.Partition, error) {
	slash := strings.LastIndexByte(key, '/')
	id, err := strconv.ParseInt(key[slash+1:], 10, 32)
	if slash < 1 || err != nil || id < 0 {
		return txn.Partition{}, fmt.Errorf("damaged: its key is no partition")
	}
	return txn.Partition{Topic: key[:slash], ID: int32(id)}, nil
}

// Newest reads records in their order: of each partition the last one counts.
func Newest(records []txn.Record) (map[txn.Partition]txn.Position, error) {
	positions := map[txn.Partition]txn.Position{}
	for _, r := range records {
		p, pos, err := Decode(r)
		if err != nil {
			return nil, err
		}
		positions[p] = pos
	}
	return positions, nil
}
