package memtxn

import (
	"context"
	"errors"
	"fmt"

	"github.com/weirstream/weir/txn"
)

type producer struct {
	client  *Client
	cluster *Cluster
	cfg     txn.ProducerConfig

	// Under the cluster's lock.
	id     *producerID // nil before Init, and without transactions
	epoch  int
	sticky int
	closed bool
}

// enter begins a call of a producer that can still be used.
func (p *producer) enter(op string) (func(), error) {
	leave, err := p.client.enter(op)
	if err != nil {
		return nil, err
	}
	switch {
	case p.closed:
		err = fail(op, txn.ClassNewProducer, "_DESTROY", errClosed)
	case p.cfg.TransactionalID != "" && p.id == nil && op != opInit:
		err = fail(op, txn.ClassFatal, "_STATE", errors.New("Init has not been called"))
	case p.id != nil && p.id.epoch != p.epoch:
		err = fail(op, txn.ClassFenced, "INVALID_PRODUCER_EPOCH", errEpoch)
	}
	if err != nil {
		leave()
		return nil, err
	}
	return leave, nil
}

// The names of calls, in errors.
const (
	opInit        = "init transactions"
	opBegin       = "begin transaction"
	opProduce     = "produce"
	opFlush       = "flush"
	opSendOffsets = "send offsets"
	opCommit      = "commit transaction"
	opAbort       = "abort transaction"
)

// Init implements txn.Producer.
func (p *producer) Init(ctx context.Context) error {
	if err := abandoned(ctx, opInit, txn.ClassNewProducer); err != nil {
		return err
	}
	leave, err := p.enter(opInit)
	if err != nil {
		return err
	}
	defer leave()
	if p.cfg.TransactionalID == "" {
		return nil
	}
	if d := p.cfg.TransactionTimeout; d > maxTransactionTimeout {
		return fail(opInit, txn.ClassFatal, "INVALID_TRANSACTION_TIMEOUT", fmt.Errorf("%v is more than the broker's %v", d, maxTransactionTimeout))
	}
	p.id, p.epoch = p.cluster.init(p.cfg.TransactionalID, p.cfg.TransactionTimeout)
	return nil
}

// Begin implements txn.Producer.
func (p *producer) Begin() error {
	leave, err := p.enter(opBegin)
	if err != nil {
		return err
	}
	defer leave()
	switch {
	case p.id == nil:
	case p.id.current != nil:
		return fail(opBegin, txn.ClassFatal, "_STATE", errors.New("a transaction is open already"))
	default:
		p.id.current = &transaction{}
	}
	return nil
}

// Produce implements txn.Producer.
func (p *producer) Produce(ctx context.Context, records []txn.Record) error {
	if err := abandoned(ctx, opProduce, txn.ClassAbort); err != nil {
		return err
	}
	leave, err := p.enter(opProduce)
	if err != nil {
		return err
	}
	defer leave()
	t, err := p.transaction(opProduce)
	if err != nil {
		return err
	}
	for i := range records {
		if n, most := records[i].Size(), p.cluster.largest(records[i].Topic); n > most {
			return fail(opProduce, txn.ClassFatal, "MSG_SIZE_TOO_LARGE", fmt.Errorf("a record of %d bytes to topic %q, which takes %d", n, records[i].Topic, most))
		}
	}
	if err := p.cluster.write(t, &p.sticky, records); err != nil {
		return fail(opProduce, txn.ClassFatal, "UNKNOWN_TOPIC_OR_PART", err)
	}
	return nil
}

// transaction is the open one; nil without transactions.
func (p *producer) transaction(op string) (*transaction, error) {
	if p.id == nil {
		return nil, nil
	}
	if p.id.current == nil {
		return nil, fail(op, txn.ClassFatal, "_STATE", errors.New("no transaction is open"))
	}
	return p.id.current, nil
}

// Flush implements txn.Producer: what was produced is in the log already.
func (p *producer) Flush(ctx context.Context) error {
	if err := abandoned(ctx, opFlush, txn.ClassAbort); err != nil {
		return err
	}
	leave, err := p.enter(opFlush)
	if err == nil {
		leave()
	}
	return err
}

// SendOffsets implements txn.Producer.
func (p *producer) SendOffsets(ctx context.Context, offsets map[txn.Partition]txn.Position, meta txn.GroupMetadata) error {
	if err := abandoned(ctx, opSendOffsets, txn.ClassAbort); err != nil {
		return err
	}
	leave, err := p.enter(opSendOffsets)
	if err != nil {
		return err
	}
	defer leave()
	if err := checkMetadata(opSendOffsets, offsets); err != nil {
		return err
	}
	t, err := p.transaction(opSendOffsets)
	m, ours := meta.(membership)
	switch {
	case err != nil:
		return err
	case t == nil || !ours:
		return fail(opSendOffsets, txn.ClassFatal, "_INVALID_ARG", errors.New("not a transactional producer, or not this driver's group metadata"))
	}
	g := p.cluster.group(m.group)
	if err := g.check(m); err != nil {
		return fail(opSendOffsets, txn.ClassAbort, "ILLEGAL_GENERATION", err)
	}
	g.hold(t, offsets)
	return nil
}

// Commit implements txn.Producer.
func (p *producer) Commit(ctx context.Context) error {
	return p.end(ctx, opCommit, committed, txn.ClassUnknown)
}

// Abort implements txn.Producer.
func (p *producer) Abort(ctx context.Context) error {
	return p.end(ctx, opAbort, aborted, txn.ClassNewProducer)
}

func (p *producer) end(ctx context.Context, op string, o outcome, late txn.Class) error {
	if err := abandoned(ctx, op, late); err != nil {
		return err
	}
	leave, err := p.enter(op)
	if err != nil {
		return err
	}
	defer leave()
	t, err := p.transaction(op)
	if err != nil || t == nil {
		return err
	}
	p.id.current = nil
	p.cluster.end(t, o)
	return nil
}

// Close implements txn.Producer.
func (p *producer) Close() {
	if leave, err := p.client.enter("close producer"); err == nil {
		p.closed = true
		leave()
	}
}
