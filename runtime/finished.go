package runtime

import "time"

// finishEvery is how often an instance looks whether a bounded job is over.
const finishEvery = 500 * time.Millisecond

// watchInput ends the instance when the job is over, in whatever instance its last record was: all source partitions have come to their ends, and nothing is on
// its way. Once that is so it stays so, and every instance finds it by itself, also one that is started later.
func (in *Instance) watchInput() {
	ticker := time.NewTicker(finishEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if _, err := in.checkedCut(in.ctx, wholeInput); err != nil {
				in.log.Debug("the job is not over", "because", err)
				continue
			}
			in.post(event{then: in.end})
			return
		case <-in.ended:
			return
		}
	}
}
