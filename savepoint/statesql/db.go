// Package statesql runs SQL over a savepoint: each state is a table, which is read as the query goes, and never copied. The engine is SQLite, in Go
// (modernc.org/sqlite), so that nothing has to be installed or linked.
//
// # Tables
//
// A state is a table called <uid>_<name>, where what is no letter, digit or _ has become _; the table "states" lists them. Its columns are those of package rows, called
// key, map_key, idx, domain, at, namespace and value. JSON is text, for SQLite's functions and operators: value->>'$.amount'. What is no text is a blob.
//
// # Cost
//
// A query scans the savepoint for each table that it names, unless it asks for one key (key = 'a'), which reads one key group. A join that scans one
// of its tables for each row of the other is slow: WITH t AS MATERIALIZED (SELECT …) keeps one in memory, or in a temporary file.
//
// # Rejected
//
//   - DuckDB: faster by far for large scans, but 50 MB of C++ for each platform, and none for musl. (SQLite and Parquet together make the stripped binary 10 MB larger.)
//   - Copying states into SQLite's own tables first: it takes as much disk as the savepoint, and longer than most queries.
package statesql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/weirstream/weir/savepoint"
	"github.com/weirstream/weir/savepoint/rows"
	"github.com/weirstream/weir/state"
)

// DB is a database whose tables are the states of a savepoint. They can be read only. It has no files: ATTACH, and VACUUM INTO, are refused.
type DB struct {
	*sql.DB
	handle int
}

// Open makes a database of a savepoint, which must stay open as long. ctx is for all reading.
func Open(ctx context.Context, sp *savepoint.Savepoint) (*DB, error) {
	engine, err := theEngine()
	if err != nil {
		return nil, err
	}
	handle := open.add(&source{ctx: ctx, sp: sp})
	// A table in memory belongs to its connection, so there is one.
	db := &DB{DB: sql.OpenDB(connector{engine}), handle: handle}
	db.SetMaxOpenConns(1)
	if err := errors.Join(db.confine(ctx), db.create(ctx, sp)); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Close ends all reading. The savepoint stays open.
func (db *DB) Close() error {
	err := db.DB.Close()
	open.remove(db.handle)
	return err
}

// confine lets no query attach a database, which would be a file that it can read, or make (VACUUM INTO attaches one, too).
func (db *DB) confine(ctx context.Context) (err error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	_, err = sqlite.Limit(c, sqlite3.SQLITE_LIMIT_ATTACHED, 0)
	return err
}

func (db *DB) create(ctx context.Context, sp *savepoint.Savepoint) error {
	_, err := db.ExecContext(ctx, `CREATE TABLE states (tbl TEXT, uid TEXT, name TEXT, kind TEXT, key_codec TEXT, map_key_codec TEXT, value_codec TEXT)`)
	taken := map[string]bool{"states": true}
	for i, d := range sp.Header().States {
		if err != nil {
			return err
		}
		table := tableName(d, taken)
		_, err = db.ExecContext(ctx, `INSERT INTO states VALUES (?, ?, ?, ?, ?, ?, ?)`, table, d.UID, d.Name, string(d.Kind), d.KeyCodec, d.MapKeyCodec, d.ValueCodec)
		if err == nil {
			_, err = db.ExecContext(ctx, fmt.Sprintf(`CREATE VIRTUAL TABLE %q USING %s(%d, %d)`, table, moduleName, db.handle, i))
		}
	}
	return err
}

// tableName is a name that needs no quotes, and that no other state has.
func tableName(d state.Descriptor, taken map[string]bool) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, d.UID+"_"+d.Name)
	if name[0] >= '0' && name[0] <= '9' || strings.HasPrefix(strings.ToLower(name), "sqlite_") {
		name = "_" + name
	}
	free := name
	for n := 2; taken[strings.ToLower(free)]; n++ {
		free = fmt.Sprintf("%s_%d", name, n)
	}
	taken[strings.ToLower(free)] = true
	return free
}

// columnName is a column's name that needs no quotes.
func columnName(c rows.Column) string {
	switch c.Name {
	case rows.MapKey:
		return "map_key"
	case rows.Index:
		return "idx"
	}
	return c.Name
}

// theEngine is a driver of our own, which has the module: other users of SQLite in the process don't meet it.
var theEngine = sync.OnceValues(func() (*sqlite.Driver, error) {
	d := &sqlite.Driver{}
	return d, d.RegisterModule(moduleName, module{})
})

type connector struct{ engine *sqlite.Driver }

func (c connector) Connect(context.Context) (driver.Conn, error) { return c.engine.Open(":memory:") }
func (c connector) Driver() driver.Driver                        { return c.engine }

// source is what the tables of one DB read.
type source struct {
	ctx context.Context
	sp  *savepoint.Savepoint
}

// sources finds them by number, which is all that SQL can name.
type sources struct {
	mu   sync.Mutex
	all  map[int]*source
	last int
}

var open = sources{all: map[int]*source{}}

func (s *sources) add(src *source) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	s.all[s.last] = src
	return s.last
}

func (s *sources) remove(handle int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, handle)
}

func (s *sources) find(handle int) (*source, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if src, ok := s.all[handle]; ok {
		return src, nil
	}
	return nil, fmt.Errorf("savepoint %d is not open", handle)
}
