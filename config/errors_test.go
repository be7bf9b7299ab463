package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every bad setting is refused with its name, its value and what is allowed.
func TestBadSettings(t *testing.T) {
	for _, tc := range []struct {
		set  string // variable, or flag if it begins with a dash
		want string // in the error, beside name and value
	}{
		{"WEIR_JOB=wordcuont", "expected one of: wordcount, classify, copy; did you mean wordcount?"},
		{"WEIR_JOB=./job.yaml", "pipeline files are not supported in this version"},
		{"WEIR_JOB_ID=a b", "letters, digits"},
		{"WEIR_JOB_ID=../up", "letters, digits"},
		{"WEIR_INSTANCE_ID=" + strings.Repeat("x", 121), "1 to 120"},
		{"WEIR_BROKERS=localhost", `"localhost" is not host:port`},
		{"WEIR_BROKERS=a:9092,,b:9092", "an address is empty"},
		{"WEIR_BROKERS= ", "an address is empty"},
		{"WEIR_BROKERS=:9092", "no host"},
		{"WEIR_BROKERS=a:0", "no valid port (1 to 65535)"},
		{"WEIR_BROKERS=a:99999", "no valid port"},
		{"WEIR_BROKERS=kafka://a:9092", "is a URL"},
		{"WEIR_BROKERS=http://a", "host:port"},
		{"WEIR_SINK_BROKERS=b", `"b" is not host:port`},
		{"WEIR_SINK_BROKERS=localhost:9092", "the same as WEIR_BROKERS"},
		{"WEIR_RESTORE_FROM=before-upgrade", "is no URL of a savepoint"},
		{"WEIR_RESTORE_OFFSETS=newest", "earliest, latest, timestamp:<RFC 3339 time or milliseconds> or file:<path>"},
		{"WEIR_RESTORE_OFFSETS=timestamp:yesterday", "earliest, latest, timestamp:"},
		{"WEIR_RESTORE_OFFSETS=latest", "has no effect without WEIR_RESTORE_FROM"},
		{"WEIR_ALLOW_DROPPED_STATE=classify,,count/total", "true (all), false (none), or operators and states"},
		{"WEIR_ALLOW_DROPPED_STATE=true,classify", "true (all), false (none), or operators and states"},
		{"WEIR_ALLOW_DROPPED_STATE=/total", "true (all), false (none), or operators and states"},
		{"WEIR_ALLOW_DROPPED_STATE=true", "has no effect without WEIR_RESTORE_FROM"},
		{"WEIR_KAFKA_CLIENT=franz", "not supported in this version; use confluent"},
		{"WEIR_KAFKA_CLIENT=sarama", "expected confluent"},
		{"WEIR_INPUT_TOPICS=a,b/c", "topic names separated by commas"},
		{"WEIR_OUTPUT_TOPIC=..", "a topic name"},
		{"WEIR_CLASSIFY_WINDOW=-1s", "a duration with its unit (500ms, 1s, 1m30s), at least 0s"},
		{"WEIR_CLASSIFY_WINDOW=1500us", "1.5ms is not in whole milliseconds, as timestamps are; expected such as 2ms"},
		{"WEIR_GUARANTEE=exactly_once", "did you mean exactly-once?"},
		{"WEIR_GUARANTEE=maybe", "expected exactly-once or at-least-once"},
		{"WEIR_CHECKPOINT_INTERVAL=1", "a duration with its unit"},
		{"WEIR_CHECKPOINT_INTERVAL=4ms", "from 5ms to 15m"},
		{"WEIR_CHECKPOINT_INTERVAL=16m", "from 5ms to 15m"},
		{"WEIR_TRANSACTION_TIMEOUT=0s", "from 1s to 24h"},
		{"WEIR_SESSION_TIMEOUT=soon", "a duration"},
		{"WEIR_START_TIMEOUT=-5s", "a duration"},
		{"WEIR_SHUTDOWN_TIMEOUT=0", "from 100ms"},
		{"WEIR_DATA_DIR=data", "an absolute folder name"},
		{"WEIR_STATE_DIR=./state", "an absolute folder name"},
		{"WEIR_CHECKPOINT_STORE=/folder", "file:///an/absolute/folder, mem://, s3://bucket/prefix"},
		{"WEIR_CHECKPOINT_STORE=file://folder/a", "file:///an/absolute/folder, mem://, s3://bucket/prefix"},
		{"WEIR_CHECKPOINT_STORE=s3://bucket?timeout=1", "a duration with its unit"},
		{"WEIR_CHECKPOINT_STORE=hdfs:///folder", "hdfs://namenode1:8020,namenode2:8020/folder"},
		{"WEIR_CHECKPOINT_STORE=ftp://host/a", "file:///an/absolute/folder, mem://, s3://bucket/prefix"},
		{"WEIR_CHECKPOINT_STORE=file://%zz", "file:///an/absolute/folder, mem://, s3://bucket/prefix"},
		{"WEIR_BAD_RECORDS=ignore", "expected fail, skip or dead-letter"},
		{"WEIR_DEAD_LETTER_TOPIC=bad", "has no effect with WEIR_BAD_RECORDS=fail"},
		{"WEIR_DEAD_LETTER_TOPIC=a/b", "a topic name"},
		{"WEIR_RESTART_DELAY=0s", "from 1ms to 1h"},
		{"WEIR_RESTART_DELAY=11s", "WEIR_RESTART_MAX_DELAY=10s; expected at most that"},
		{"WEIR_RESTART_MAX_DELAY=50ms", "less than the first wait, WEIR_RESTART_DELAY=100ms"},
		{"WEIR_RESTART_ATTEMPTS=-1", "a whole number, at least 0"},
		{"WEIR_RESTART_RESET=forever", "a duration"},
		{"WEIR_RECORD_ATTEMPTS=0", "a whole number, at least 1"},
		{"WEIR_STATE_BACKEND=rocksdb", "expected pebble or memory"},
		{"WEIR_STATE_BACKEND=pebbel", "did you mean pebble?"},
		{"WEIR_STATE_CACHE=1GB!", "a number of bytes"},
		{"WEIR_OVERLAY_LIMIT=1k", "a number of bytes, with or without a unit (64MiB, 1GiB), at least 1MiB"},
		{"WEIR_OVERLAY_LIMIT=1000", "at least 1MiB"},
		{"WEIR_OVERLAY_LIMIT=9999999999GiB", "a number of bytes"},
		{"WEIR_EXCHANGE=network", "expected memory or kafka"},
		{"WEIR_PARALLELISM=0", "a whole number, at least 1"},
		{"WEIR_PARALLELISM=two", "a whole number"},
		{"WEIR_PARALLELISM=129", "more than WEIR_MAX_PARALLELISM=128; expected 1 to 128"},
		{"WEIR_MAX_PARALLELISM=40000", "from 1 to 32768"},
		{"WEIR_HTTP_ADDR=8080", `"8080" is not host:port; expected host:port or :port, or off`},
		{"WEIR_HTTP_ADDR=:http", "no valid port"},
		{"WEIR_LOG_LEVEL=verbose", "expected debug, info, warn or error"},
		{"WEIR_LOG_FORMAT=xml", "expected text or json"},
		{"--parallelism=0", "a whole number, at least 1"},
		{"--guarantee=maybe", "expected exactly-once or at-least-once"},
	} {
		t.Run(tc.set, func(t *testing.T) {
			name, value, _ := strings.Cut(tc.set, "=")
			var args, env []string
			if strings.HasPrefix(tc.set, "-") {
				args = []string{tc.set}
			} else {
				env = []string{tc.set}
			}
			_, err := load(t, args, env...)
			expect(t, err, name, value, tc.want)
		})
	}
}

// What may be a secret in a URL is neither in the problem nor among the settings that are shown.
func TestStoreURLIsMasked(t *testing.T) {
	_, err := load(t, nil, "WEIR_CHECKPOINT_STORE=s3://me:hidden@bucket")
	expect(t, err, "WEIR_CHECKPOINT_STORE", "s3://********@bucket", "a user name or password")
	_, err = load(t, nil, "WEIR_CHECKPOINT_STORE=s3://bucket?regoin=hidden")
	expect(t, err, "WEIR_CHECKPOINT_STORE", "s3://bucket?regoin=********", "did you mean region?")
}

func TestStoreURLs(t *testing.T) {
	for _, url := range []string{"s3://bucket/p?region=r", "gs://bucket", "azblob://c/p?account=a", "hdfs://nn1:8020,nn2:8020/weir", "mem://"} {
		c, err := load(t, nil, "WEIR_CHECKPOINT_STORE="+url)
		if err != nil || c.CheckpointStore != url {
			t.Errorf("%s: %v, %v", url, c, err)
		}
	}
}

// expect checks that the one problem names all of these.
func expect(t *testing.T, err error, name, value, want string) {
	t.Helper()
	var all Errors
	if !errors.As(err, &all) || len(all) != 1 {
		t.Fatalf("want one problem, got: %v", err)
	}
	if all[0].Setting != name || all[0].Value != value {
		t.Errorf("problem of %s=%q, want %s=%q", all[0].Setting, all[0].Value, name, value)
	}
	if text := err.Error(); !strings.Contains(text, want) || !strings.Contains(text, name) || !strings.Contains(text, value) {
		t.Errorf("%q lacks %q", text, want)
	}
}

func TestBadCombinations(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name      string
		args, env []string
		want      string
	}{
		{"interval and transaction", nil, []string{"WEIR_CHECKPOINT_INTERVAL=20s", "WEIR_TRANSACTION_TIMEOUT=30s"},
			`WEIR_CHECKPOINT_INTERVAL="20s": too long for WEIR_TRANSACTION_TIMEOUT=30s: the broker would abort every epoch; expected at most half of it (15s), or set WEIR_TRANSACTION_TIMEOUT to 40s or more`},
		{"loop", nil, []string{"WEIR_INPUT_TOPICS=a,b", "WEIR_OUTPUT_TOPIC=b"}, `WEIR_OUTPUT_TOPIC="b": is one of WEIR_INPUT_TOPICS too`},
		{"dead letters without a topic", nil, []string{"WEIR_BAD_RECORDS=dead-letter"}, "WEIR_DEAD_LETTER_TOPIC: not set, with WEIR_BAD_RECORDS=dead-letter"},
		{"dead letters that come again", nil, []string{"WEIR_INPUT_TOPICS=a,b", "WEIR_BAD_RECORDS=dead-letter", "WEIR_DEAD_LETTER_TOPIC=b"}, `WEIR_DEAD_LETTER_TOPIC="b": is one of WEIR_INPUT_TOPICS too`},
		{"dead letters", nil, []string{"WEIR_BAD_RECORDS=dead-letter", "WEIR_DEAD_LETTER_TOPIC=bad"}, ""},
		{"no loop over two clusters", nil, []string{"WEIR_INPUT_TOPICS=a,b", "WEIR_OUTPUT_TOPIC=b", "WEIR_SINK_BROKERS=other:9092"}, ""},
		{"repartition over two clusters", nil, []string{"WEIR_EXCHANGE=kafka", "WEIR_SINK_BROKERS=other:9092"},
			`WEIR_EXCHANGE="kafka": it needs sources and sinks on one cluster, and WEIR_SINK_BROKERS is set`},
		{"data dir is a file", nil, []string{"WEIR_DATA_DIR=" + file}, `WEIR_DATA_DIR="` + file + `": ` + file + ` is a file; expected a folder`},
		{"state dir below a file", nil, []string{"WEIR_STATE_DIR=" + file + "/x"}, `WEIR_STATE_DIR="` + file + `/x": ` + file + ` is a file; expected a folder`},
		{"store in a file", nil, []string{"WEIR_CHECKPOINT_STORE=file://" + file}, `is a file; expected a folder`},
		{"unknown variable", nil, []string{"WEIR_CHEKPOINT_INTERVAL=1s"}, "WEIR_CHEKPOINT_INTERVAL: unknown setting; did you mean WEIR_CHECKPOINT_INTERVAL?"},
		{"unknown variable, near to its opposite", nil, []string{"WEIR_SOURCE_TOPIC=a", "WEIR_SINK_TOPIC=b"}, "WEIR_SINK_TOPIC: unknown setting; `processor help` lists all"},
		{"unknown variable, nothing near", nil, []string{"WEIR_ZZZZZZZZZZZZZZZZZZZZZZ=1"}, "unknown setting; `processor help` lists all"},
		{"unknown flag", []string{"--paralelism", "2"}, nil, "--paralelism: unknown flag; did you mean --parallelism?"},
		{"flag without value", []string{"--parallelism"}, nil, "--parallelism: needs a value"},
		{"empty flag", []string{"--brokers="}, nil, "--brokers: is empty; expected host:port"},
		{"argument", []string{"job.yaml"}, nil, `command line="job.yaml": not a flag`},
		{"memory backend ignores state dir", nil, []string{"WEIR_STATE_BACKEND=memory", "WEIR_STATE_DIR=" + file}, ""},
		{"at-least-once has no transaction", nil, []string{"WEIR_GUARANTEE=at-least-once", "WEIR_CHECKPOINT_INTERVAL=20s", "WEIR_TRANSACTION_TIMEOUT=30s"}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := load(t, tc.args, tc.env...)
			switch {
			case tc.want == "" && err != nil:
				t.Error(err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}

func TestUnwritableFolder(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root can write everywhere; TestBadCombinations covers the rest")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	_, err := load(t, nil, "WEIR_DATA_DIR="+dir)
	expect(t, err, "WEIR_DATA_DIR", dir, "permission denied; expected a folder")
}

func TestJobAndHostNameMustFit(t *testing.T) {
	in := Input{Env: []string{"WEIR_DATA_DIR=" + t.TempDir()}, Jobs: []string{"a", "b"}, Hostname: host("my host")}
	_, err := Load(in)
	if err == nil || !strings.Contains(err.Error(), "WEIR_JOB: not set; expected one of: a, b") ||
		!strings.Contains(err.Error(), `WEIR_INSTANCE_ID: not set, and the host name "my host" cannot stand in for it`) {
		t.Error(err)
	}
	in.Hostname = func() (string, error) { return "", errors.New("no name") }
	if _, err = Load(in); err == nil || !strings.Contains(err.Error(), "no name") {
		t.Error(err)
	}
}

func TestCustomJobsHaveNoBuiltInSettings(t *testing.T) {
	_, err := Load(Input{Env: []string{"WEIR_DATA_DIR=" + t.TempDir(), "WEIR_INPUT_TOPICS=x"}, Jobs: []string{"a"}, Custom: true, Hostname: host("h")})
	expect(t, err, "WEIR_INPUT_TOPICS", "x", "built-in jobs only")
}
