package checkpoint

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	metadataPrefix  = "weir"
	metadataVersion = 1
	// metadataLimit is one less than brokers take by default (offset.metadata.max.bytes).
	metadataLimit = 4095
)

// ExchangeKafka says that records cross between stages through repartition topics. The empty exchange is that in memory.
const ExchangeKafka = "kafka"

// Metadata travels beside committed offsets: it makes their commit the decision record.
type Metadata struct {
	ID ID
	// Exchange is empty (in memory) or ExchangeKafka.
	Exchange string
	// Watermark is how far event time has come in the partition whose offset this is beside, in ms since the epoch; 0: none.
	Watermark int64
	// Idle: nothing has come from the partition for so long that it holds event time back no more.
	Idle bool
	// Drained is the drain that the partition has joined: all that comes of its records up to the offset fires its timers for it. Empty: none.
	Drained string
	// End is where the partition ends, if its source is bounded; nil: nowhere.
	End *int64
}

// EncodeMetadata is the metadata of a checkpoint alone. It is shorter than 128 bytes.
func EncodeMetadata(id ID) string {
	return metadataPrefix + strconv.Itoa(metadataVersion) + ":" + string(id)
}

// Encode is the text for the broker, below 4,096 bytes, which is the most that it takes. It can be read back, or there is an error.
func (m Metadata) Encode() (string, error) {
	if _, err := ParseID(string(m.ID)); err != nil {
		return "", fmt.Errorf("offset metadata: %w", err)
	}
	if err := checkExchange(m.Exchange); err != nil {
		return "", fmt.Errorf("offset metadata of checkpoint %s: %w", m.ID, err)
	}
	if m.Drained != "" {
		if err := checkRun(m.Drained); err != nil {
			return "", fmt.Errorf("offset metadata of checkpoint %s: drained by: %w", m.ID, err)
		}
	}
	s := m.text()
	if len(s) > metadataLimit {
		return "", fmt.Errorf("offset metadata of checkpoint %s has %d bytes, at most %d are possible", m.ID, len(s), metadataLimit)
	}
	return s, nil
}

func (m Metadata) text() string {
	s := EncodeMetadata(m.ID)
	if m.Exchange != "" {
		s += ";exchange=" + m.Exchange
	}
	if m.Watermark != 0 {
		s += ";wm=" + strconv.FormatInt(m.Watermark, 10)
	}
	if m.Idle {
		s += ";idle=1"
	}
	if m.Drained != "" {
		s += ";drained=" + m.Drained
	}
	if m.End != nil {
		s += ";end=" + strconv.FormatInt(*m.End, 10)
	}
	return s
}

// DecodeMetadata reads the metadata of a committed offset. ok is false if it is somebody else's (or empty): then no checkpoint of
// ours was decided with this offset. An error means that it is ours and cannot be understood.
func DecodeMetadata(s string) (m Metadata, ok bool, err error) {
	version, rest, found := strings.Cut(s, ":")
	digits, ours := strings.CutPrefix(version, metadataPrefix)
	if !found || !ours || digits == "" || strings.Trim(digits, "0123456789") != "" {
		return Metadata{}, false, nil
	}
	if digits != strconv.Itoa(metadataVersion) {
		return Metadata{}, false, fmt.Errorf("offset metadata %.80q was written by a newer version (format %s, this version reads %d); upgrade",
			s, digits, metadataVersion)
	}
	id, attributes, some := strings.Cut(rest, ";")
	if m.ID, err = ParseID(id); err == nil && some {
		err = m.decode(attributes)
	}
	// There is one spelling of everything, in one order.
	if err == nil && m.text() != s {
		err = fmt.Errorf("expected %q for the same content", m.text())
	}
	if err != nil {
		return Metadata{}, false, fmt.Errorf("offset metadata %.200q: %w", s, err)
	}
	return m, true, nil
}

// decode reads the attributes.
func (m *Metadata) decode(attributes string) (err error) {
	for a := range strings.SplitSeq(attributes, ";") {
		name, value, _ := strings.Cut(a, "=")
		switch name {
		case "exchange":
			m.Exchange = value
			err = checkExchange(value)
		case "wm":
			if m.Watermark, err = strconv.ParseInt(value, 10, 64); err != nil {
				err = fmt.Errorf("wm=%.30q is no time in milliseconds", value)
			}
		case "idle":
			m.Idle = true
		case "drained":
			m.Drained, err = value, checkRun(value)
		case "end":
			var end int64
			if end, err = strconv.ParseInt(value, 10, 64); err != nil || end < 0 {
				err = fmt.Errorf("end=%.30q is no offset", value)
			}
			m.End = &end
		default:
			err = fmt.Errorf("attribute %.30q was written by a newer version; upgrade", name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkExchange holds back what this version can't go on from.
func checkExchange(name string) error {
	if name != "" && name != ExchangeKafka {
		return fmt.Errorf("exchange %.30q is not known to this version, expected %q or none; upgrade if a newer one wrote it", name, ExchangeKafka)
	}
	return nil
}
