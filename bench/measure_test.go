//go:build bench && linux

package bench

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// sample is a moment of a run.
type sample struct {
	at                         time.Time
	job, broker, machine, self float64 // CPU seconds so far
	records                    int64   // of the input whose outputs are committed
}

// figures are what a run comes to.
type figures struct {
	Rate      float64 // records a second, between 10 % and 90 % of the input
	CPU       float64 // seconds per million records, there
	CPUWhole  float64 // the same from the start of the process to the last commit
	BrokerCPU float64 // seconds per million records of the broker
	Others    float64 // cores that anything else on the machine used
	RSS       float64 // MiB at most
	Wall      float64 // seconds from the start of the process to the last commit
	Threads   map[string]float64
	Phases    map[string]float64 // of Weir's checkpoints, mean in ms
	Repeats   int
}

// snapshot is a sample without its records.
func snapshot(p *process) sample {
	job := cpuOf(p.pid())
	if p.peer != nil {
		job += cpuOf(p.peer.pid())
	}
	return sample{at: time.Now(), job: job, broker: cpuOf(shared.broker), machine: cpuOfMachine(), self: cpuOf(os.Getpid())}
}

// known is the CPU time of everything that takes part.
func (s sample) known() float64 { return s.job + s.broker + s.self }

// coresBetween says how many cores the job used, and how many anything that does not take part.
func coresBetween(from, to sample) (job, others float64) {
	seconds := to.at.Sub(from.at).Seconds()
	return (to.job - from.job) / seconds, max(0, (to.machine-from.machine-to.known()+from.known())/seconds)
}

// stalled is how long a run may show no progress.
const stalled = 90 * time.Second

var errStalled = errors.New("the run stands still")

// watch samples a run until all of its input is committed.
func watch(p *process, in *input, progress func() (int64, error)) (figures, error) {
	var all []sample
	moved := time.Now()
	for {
		s := snapshot(p)
		var unknown error // that the coordinator still starts, for example
		if s.records, unknown = progress(); unknown != nil && len(all) > 0 {
			s.records = all[len(all)-1].records
		}
		if len(all) == 0 || s.records > all[len(all)-1].records {
			moved = s.at
		}
		all = append(all, s)
		if s.records >= int64(in.records) {
			break
		}
		if err := p.failed(); err != nil {
			return figures{}, err
		}
		if time.Since(moved) > stalled {
			return figures{}, fmt.Errorf("no progress for %v at %d of %d records: %s: %w", stalled, s.records, in.records, p.tail(), errors.Join(unknown, errStalled))
		}
		time.Sleep(50 * time.Millisecond)
	}
	f := evaluate(all, p.began, in.records)
	f.RSS, f.Threads = memory(p.pid(), "VmHWM"), threads(p.pid())
	for k := range f.Threads {
		f.Threads[k] /= float64(in.records) / 1e6
	}
	return f, nil
}

func evaluate(all []sample, began time.Time, records int) figures {
	first := func(share float64) sample {
		for _, s := range all {
			if float64(s.records) >= share*float64(records) {
				return s
			}
		}
		return all[len(all)-1]
	}
	from, to, done := first(0.1), first(0.9), first(1)
	if from.at.Equal(to.at) { // all of it in one commit
		from = all[0]
	}
	seconds, millions := to.at.Sub(from.at).Seconds(), float64(to.records-from.records)/1e6
	_, others := coresBetween(from, to)
	return figures{
		Rate: millions * 1e6 / seconds, CPU: (to.job - from.job) / millions, BrokerCPU: (to.broker - from.broker) / millions,
		CPUWhole: done.job / (float64(records) / 1e6), Wall: done.at.Sub(began).Seconds(),
		Others: others,
	}
}
