package licensedb_test

import (
	"bytes"
	"context"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/forgery"
	"github.com/yinxin-gov/yinxin/elicense/licensedb"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/blob"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/outbox/outboxdb"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/keystest"
)

const (
	reporter = "13800138999"
	seal1    = "37030000000001"
	seal2    = "37030000000002"
)

var eventKind = regexp.MustCompile(`"type":"(forgery\.[a-z_]+)"`)

// desk is the room over a database, with registers of two departments and a judge that knows one file.
type desk struct {
	*forgery.Service
	t      *testing.T
	db     *sqldb.DB
	store  *licensedb.Forgeries
	files  *blob.Files
	mutex  sync.Mutex
	at     time.Time
	barred map[string]bool
	admit  error
	judged verify.Result
	reach  bool
}

func (d *desk) now() time.Time {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.at = d.at.Add(time.Millisecond)
	return d.at
}

func newDesk(t *testing.T, db *sqldb.DB) *desk {
	t.Helper()
	d := &desk{t: t, db: db, store: licensedb.NewForgeries(db), at: time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC), barred: map[string]bool{}, judged: verify.Result{Code: "V20"}, reach: true}
	var err error
	if d.files, err = blob.OpenFiles(t.TempDir(), d.now); err != nil {
		t.Fatal(err)
	}
	objects := map[string]forgery.Object{seal1: {Kind: forgery.Seal, ID: "seal_1", Identifier: seal1, Department: "one", Area: "1/1/"}, seal2: {Kind: forgery.Seal, ID: "seal_2", Identifier: seal2, Department: "two", Area: "1/2/"}}
	d.Service, err = forgery.New(forgery.Config{Store: d.store, Blobs: d.files, Keys: keys.NewRing(keystest.NewTwin(d.now)), Now: d.now, Rand: ident.System(), Keep: 30 * 24 * time.Hour,
		Find: func(_ context.Context, identifier string) (forgery.Object, bool, error) {
			o, ok := objects[identifier]
			return o, ok, nil
		},
		Judge: func(context.Context, []byte) (verify.Result, error) { return d.judged, nil },
		Barred: func(_ context.Context, _ forgery.Kind, object string, actor reqctx.Actor) (bool, error) {
			return d.barred[actor.ID+" "+object], nil
		},
		Admit: func(context.Context, bool) error { return d.admit }, AdmitQuestion: func(context.Context) error { return d.admit },
		AdmitContact: func(context.Context, string) (bool, error) { return d.reach, nil }})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func onDesks(t *testing.T, run func(t *testing.T, d *desk)) {
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), licensedb.Migrations()) {
		t.Run(engine.Name, func(t *testing.T) { run(t, newDesk(t, engine.Open(t))) })
	}
}

func as(id, area string) context.Context {
	actor := reqctx.Actor{ID: id, Rights: []reqctx.Right{{Role: forgery.RoleSealReviewer, Area: area}}}
	if area == "" {
		actor.Roles = []string{forgery.RoleSealReviewer}
	}
	return reqctx.WithActor(context.Background(), actor)
}

func (d *desk) report(r forgery.Report) forgery.Given {
	d.t.Helper()
	given, err := d.Receive(context.Background(), r)
	if err != nil {
		d.t.Fatal(err)
	}
	return given
}

func (d *desk) cases(ctx context.Context) []forgery.Case {
	d.t.Helper()
	page, _, err := d.List(ctx, "", "", 100)
	if err != nil {
		d.t.Fatal(err)
	}
	return page
}

func (d *desk) only(ctx context.Context) forgery.Case {
	d.t.Helper()
	page := d.cases(ctx)
	if len(page) != 1 {
		d.t.Fatalf("%d cases", len(page))
	}
	return page[0]
}

func (d *desk) taken(ctx context.Context, id string) forgery.Case {
	d.t.Helper()
	c, err := d.Take(ctx, id)
	if err != nil {
		d.t.Fatal(err)
	}
	return c
}

// audited are the events of cases, and everything that audit and outbox hold as one text.
func (d *desk) audited() (kinds map[string]int, all string) {
	d.t.Helper()
	kinds = map[string]int{}
	var text bytes.Buffer
	if err := auditdb.Each(context.Background(), d.db.Read(), func(e auditdb.Stored) error {
		text.Write(e.Body)
		for _, kind := range eventKind.FindAllSubmatch(e.Body, -1) {
			kinds[string(kind[1])]++
		}
		return nil
	}); err != nil {
		d.t.Fatal(err)
	}
	rows, err := d.db.Read().QueryContext(context.Background(), "SELECT topic, payload FROM outbox_message")
	if err != nil {
		d.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var topic string
		var payload []byte
		if err := rows.Scan(&topic, &payload); err != nil {
			d.t.Fatal(err)
		}
		kinds["message "+topic]++
		text.WriteString(topic + string(payload))
	}
	return kinds, text.String()
}

func (d *desk) status(receipt string) forgery.Status {
	d.t.Helper()
	s, err := d.Status(context.Background(), receipt)
	if err != nil {
		d.t.Fatal(err)
	}
	return s
}

func second[T any](_ T, err error) error { return err }

// nowhere looks for texts in every column of the tables of the room.
func (d *desk) nowhere(texts ...string) {
	d.t.Helper()
	for table, columns := range map[string]string{"lic_forgery": "id, identifier, words, note", "lic_forgery_telling": "receipt, said, contact, reach", "lic_forgery_file": "id, address, key_id, case_id"} {
		rows, err := d.db.Read().QueryContext(context.Background(), "SELECT "+columns+" FROM "+table)
		if err != nil {
			d.t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var cells [4][]byte
			if err := rows.Scan(&cells[0], &cells[1], &cells[2], &cells[3]); err != nil {
				d.t.Fatal(err)
			}
			for _, text := range texts {
				if bytes.Contains(bytes.Join(cells[:], []byte("|")), []byte(text)) {
					d.t.Errorf("%q stands in %s", text, table)
				}
			}
		}
	}
}

func noted(id string) audit.Record {
	return audit.With(audit.Event{Type: "forgery.test", At: time.Unix(1_800_000_000, 0), Actor: "system:test", ObjectType: "forgery", ObjectID: id})
}
