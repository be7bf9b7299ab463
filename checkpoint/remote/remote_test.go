package remote_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/weirstream/weir/checkpoint/remote"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ExampleParseURL() {
	u, err := remote.ParseURL("s3://bucket/weir/production?region=eu-central-1&timeout=10s")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(u.Scheme, u.Host, u.Path, u.Get("region"), u.Policy.Timeout)

	_, err = remote.ParseURL("s3://bucket/weir?regoin=eu-central-1")
	fmt.Println(err)
	// Output:
	// s3 bucket weir/production eu-central-1 10s
	// regoin is not a parameter of s3:// stores (did you mean region?); known are endpoint, region, path_style, profile, key_id_file, secret_key_file, session_token_file, sse, kms_key_id, timeout, attempts
}

func ExampleRedact() {
	fmt.Println(remote.Redact("s3://AKIA:hidden@bucket/weir?region=eu-central-1&secret_key=hidden"))
	// Output: s3://********@bucket/weir?region=eu-central-1&secret_key=********
}

func TestRefusedURLs(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "expected one of s3, gs, azblob, hdfs",
		"ftp://x/y":                       "expected one of s3, gs, azblob, hdfs",
		"s3:///x":                         "expected s3://bucket/prefix",
		"hdfs:///x":                       "expected hdfs://namenode1:8020,namenode2:8020/folder",
		"s3://me:hidden@bucket/x":         "no place in it",
		"s3://bucket/a b":                 "not every store can hold",
		"s3://bucket/.x":                  "not every store can hold",
		"s3://bucket/x?path_stile=true":   "did you mean path_style?",
		"s3://bucket/x?region=a&region=b": "expected once",
		"s3://bucket/x?%zz":               "name=value",
		"s3://bucket/x?timeout=10":        "a duration with its unit",
		"s3://bucket/x?timeout=-1s":       "a duration with its unit",
		"s3://bucket/x?attempts=0":        "a number from 1",
		"gs://bucket/x?region=a":          "region is not a parameter of gs://",
		"s3://bucket/x?hid/den=1":         "a parameter is not a parameter",
	} {
		_, err := remote.ParseURL(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") || strings.Contains(err.Error(), "hid/den") {
			t.Errorf("%q: error %v; want %q", text, err, want)
		}
	}
}

// TestSecretsAreRedacted: whatever a URL holds in places where a secret could be is not shown.
func TestSecretsAreRedacted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[A-Z]{3}[A-Za-z0-9/+=%:&?]{0,20}QQ`).Draw(t, "secret")
		text := rapid.SampledFrom([]string{"s3://me:%s@bucket/x?region=r", "hdfs://%s@host:1/x", "s3://bucket/x?secret=%s", "s3://bucket/x?region=r&key=%s&path_style=true", "x://h?p=%s"}).Draw(t, "text")
		shown := remote.Redact(fmt.Sprintf(text, secret))
		if strings.Contains(shown, secret) || strings.Contains(shown, "QQ") && !strings.ContainsAny(secret, "&?@") {
			t.Fatalf("%s shows %s", shown, secret)
		}
	})
	for _, harmless := range []string{"file:///a@b/c", "mem://", "s3://bucket/x?region=r&key_id_file=/run/x", "10s", ""} {
		if got := remote.Redact(harmless); got != harmless {
			t.Errorf("%q becomes %q", harmless, got)
		}
	}
}

var errTransient, errFinal = errors.New("transient"), errors.New("final")

func TestTry(t *testing.T) {
	passes := func(err error) bool { return errors.Is(err, errTransient) }
	for _, c := range []struct {
		name   string
		fails  []error // of the calls, in turn
		want   error
		calls  int
		within time.Duration
	}{
		{"at once", nil, nil, 1, 0},
		{"the third time", []error{errTransient, errTransient}, nil, 3, 300 * time.Millisecond},
		{"never", []error{errTransient, errTransient, errTransient, errTransient}, errTransient, 4, 700 * time.Millisecond},
		{"for good", []error{errTransient, errFinal}, errFinal, 2, 100 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls, began := 0, time.Now()
				err := remote.DefaultPolicy.Try(t.Context(), passes, func(context.Context) error {
					calls++
					if calls <= len(c.fails) {
						return c.fails[calls-1]
					}
					return nil
				})
				if took := time.Since(began); !errors.Is(err, c.want) || calls != c.calls || took > c.within || took < c.within/2 {
					t.Errorf("error %v after %d calls and %v; want %v after %d and at most %v", err, calls, took, c.want, c.calls, c.within)
				}
			})
		})
	}
}

func TestTryEndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, began := remote.Policy{Timeout: 10 * time.Second, Attempts: 100}, time.Now()
		err := p.Try(t.Context(), func(error) bool { return true }, func(ctx context.Context) error {
			<-ctx.Done()
			return errTransient
		})
		if !errors.Is(err, remote.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errTransient) || time.Since(began) != p.Timeout {
			t.Errorf("error %v after %v", err, time.Since(began))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err = p.Try(ctx, func(error) bool { return true }, func(context.Context) error { t.Error("called"); return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: error %v", err)
		}
	})
}

// TestWatch: a step may not last longer than the timeout, all of them together may.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := remote.Policy{Timeout: 10 * time.Second}
		w, ctx := p.NewWatch(t.Context())
		defer w.End(nil)
		step := func(d time.Duration) error {
			return w.Step(func() error {
				select {
				case <-time.After(d):
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			})
		}
		for range 5 {
			if err := step(9 * time.Second); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute) // between steps nobody waits for the server
		}
		if err := step(11 * time.Second); !errors.Is(err, remote.ErrUnavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
}
