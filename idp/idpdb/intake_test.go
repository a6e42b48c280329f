package idpdb_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/idp/intake"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/outbox/outboxdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// desk is an import office on a real database.
type desk struct {
	*idptest.World
	db      *sqldb.DB
	store   *idpdb.Store
	intake  *intake.Service
	results []intake.Result
}

func eachDesk(t *testing.T, run func(t *testing.T, d *desk)) {
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), idpdb.Migrations()) {
		t.Run(engine.Name, func(t *testing.T) {
			d := &desk{db: engine.Open(t)}
			d.store = idpdb.New(d.db)
			d.World = idptest.NewWorld(t, d.store)
			d.intake = intake.New(intake.Config{Store: d.store, Accounts: d.Accounts, Passwords: d.Passwords, Now: d.Clock.Now, Rand: ident.System()})
			run(t, d)
		})
	}
}

func (d *desk) run(t *testing.T, content string, o intake.Options, m intake.Mapping) (intake.Job, error) {
	t.Helper()
	format := "csv"
	if strings.HasPrefix(content, "[") || strings.HasPrefix(content, "{") {
		format = "json"
	}
	in, err := intake.NewReader(strings.NewReader(content), format, m)
	if err != nil {
		t.Fatal(err)
	}
	if o.Source == "" {
		o.Source = "old"
	}
	if o.Digest == "" {
		o.Digest = digest.Hex([]byte(content))
	}
	d.results = nil
	o.Report = func(r intake.Result) error { d.results = append(d.results, r); return nil }
	return d.intake.Run(context.Background(), in, o)
}

func (d *desk) codes() (codes []intake.Code) {
	for _, r := range d.results {
		codes = append(codes, r.Code)
	}
	return codes
}

func (d *desk) counts(t *testing.T, table string) (n int) {
	t.Helper()
	if err := d.db.Read().QueryRowContext(context.Background(), "SELECT COUNT(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

const (
	header = "external_id,mobile,email,password_hash,name,document_type,document_number,level,created\n"
	md5Of  = "md5$salt$a71dbbbf5271f1d7303eaa90c3ea791c" // of salt and "Password-1"
)

var people = header +
	"u1,13900000001,,," + "张三,citizen_id," + number + ",4,2015-03-01 08:00:00\n" +
	"u2,,li@example.cn," + md5Of + ",,,,,\n" +
	"u3,13900000001,,,,,,,\n" + // repeats the number of u1
	"u4,13900000004,,,李四,citizen_id," + number + ",,\n" + // repeats the document of u1
	"u5,13800138000,,,,,,,\n" + // registered here before
	"u6,,,,,,,,\n" +
	"u7,12345,,,,,,,\n" +
	"u8,13900000008,,plain,,,,,\n" +
	"u9,13900000009,,$2b$15$abcdefghijklmnopqrstuuOjAoHtTmK3LM3CoYGYh8u8Lmuq4jCZa,,,,,\n" +
	"u10,13900000010,,,,citizen_id,110105194912310021,,\n" +
	"u11,13900000011,,,<script>,,,,\n" +
	"u12,13900000012,,,,,,,yesterday\n" +
	",13900000013,,,,,,,\n" +
	"u1,13900000014,,,,,,,\n" + // repeats the external id
	"u15,13900000015\n" +
	"u16,\"13900000016\"x,,,,,,,\n" +
	"u17,13900000017,wang@example.cn,,,passport,E1234,,\n"

var want = []intake.Code{intake.Imported, intake.Imported, intake.IdentifierRepeated, intake.IdentityRepeated, intake.IdentifierTaken, intake.IdentifierMissing, intake.IdentifierInvalid, intake.HashUnknown, intake.HashCost,
	intake.DocumentInvalid, intake.NameInvalid, intake.CreatedInvalid, intake.ExternalIDMissing, intake.Already, intake.Malformed, intake.Malformed, intake.DocumentInvalid}

func register(t *testing.T, d *desk, text string) idp.Account {
	t.Helper()
	identifier, err := subject.ParseIdentifier(text)
	if err != nil {
		t.Fatal(err)
	}
	a, err := d.Accounts.Create(context.Background(), identifier)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestRowsAreTakenOrLeftWithAReason(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		register(t, d, "13800138000")
		dry, err := d.run(t, people, intake.Options{DryRun: true}, intake.Mapping{})
		if err != nil || !slices.Equal(d.codes(), want) || d.counts(t, "idp_account") != 1 || d.counts(t, "idp_import_job") != 0 {
			t.Fatalf("dry run: %v %v %+v", err, d.codes(), dry)
		}
		var told intake.Job // what is told when it begins is of then, however the run counts on
		job, err := d.run(t, people, intake.Options{Started: func(job intake.Job) { told = job }}, intake.Mapping{})
		if told.ID != job.ID || told.State != intake.Running || len(told.Counts) != 0 {
			t.Errorf("told at the begin: %+v", told)
		}
		if err != nil || !slices.Equal(d.codes(), want) || job.Rows != 17 || job.Counts[intake.Imported] != 2 || job.State != intake.Finished {
			t.Fatalf("%v %v %+v", err, d.codes(), job)
		}
		stored, err := d.store.Job(context.Background(), job.ID)
		if err != nil || stored.Rows != 17 || fmt.Sprint(stored.Counts) != fmt.Sprint(job.Counts) {
			t.Errorf("%+v %v", stored, err)
		}
		var listed []intake.Code
		for after := 0; ; {
			page, err := d.store.ImportRows(context.Background(), job.ID, after, 5)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, r := range page {
				after = r.Row
				listed = append(listed, r.Code)
			}
		}
		if !slices.Equal(listed, want) {
			t.Errorf("report %v", listed)
		}
		// The person signs in with the old password; the weak hash is replaced and lay nowhere.
		var hashes string
		if err := d.db.Read().QueryRowContext(context.Background(), "SELECT password_hash FROM idp_account WHERE password_hash <> ''").Scan(&hashes); err != nil || strings.Contains(hashes, "a71dbbbf") || !strings.HasPrefix(hashes, "$yxwrap$") {
			t.Fatalf("%s %v", hashes, err)
		}
		login, err := d.Login.Login(context.Background(), "li@example.cn", "Password-1", "192.0.2.1")
		if err != nil {
			t.Fatal(err)
		}
		account, err := d.Accounts.Account(context.Background(), login.AccountID)
		if err != nil || !strings.HasPrefix(account.PasswordHash, "$argon2id$") {
			t.Errorf("%s %v", account.PasswordHash, err)
		}
		if _, err := d.Login.Login(context.Background(), "li@example.cn", "Password-1", "192.0.2.1"); err != nil {
			t.Errorf("second login: %v", err)
		}
		// The level that was claimed gives nothing.
		first, err := d.Accounts.Person(context.Background(), d.results[0].AccountID)
		if err != nil || first.IAL != 0 || first.Name != "" || first.Mobile != "+8613900000001" {
			t.Errorf("%+v %v", first, err)
		}
		var events int
		if err := d.db.Read().QueryRowContext(context.Background(), "SELECT COUNT(*) FROM audit_event WHERE type = 'account.imported'").Scan(&events); err != nil || events != 2 {
			t.Errorf("%d audit events, %v", events, err)
		}
		// The same file again is done; the same people in another file came already.
		again, err := d.run(t, people, intake.Options{}, intake.Mapping{})
		if err != nil || again.ID != job.ID || len(d.results) != 0 || d.counts(t, "idp_account") != 3 {
			t.Errorf("again: %+v %v", again, err)
		}
		if _, err := d.run(t, header+"u1,13900000001,,,,,,,\nu2,,other@example.cn,,,,,,\n", intake.Options{}, intake.Mapping{}); err != nil || !slices.Equal(d.codes(), []intake.Code{intake.Already, intake.Already}) {
			t.Errorf("%v %v", d.codes(), err)
		}
		// Another source has its own identifiers, and the same people.
		if _, err := d.run(t, header+"u1,13900000001,,,,,,,\nu9,13900000099,,,,,"+number+",,\n", intake.Options{Source: "other"}, intake.Mapping{}); err != nil || !slices.Equal(d.codes(), []intake.Code{intake.IdentifierTaken, intake.IdentityTaken}) {
			t.Errorf("%v %v", d.codes(), err)
		}
	})
}

func TestIdentityThatIsProvenHereIsNotTakenAgain(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		a := register(t, d, "13800138000")
		if err := d.Accounts.Prove(context.Background(), a.ID, idp.Proof{IAL: 1, Method: "id_card", Source: "s", At: d.Clock.Now(), Evidence: "e"}, "张三", "citizen_id", number); err != nil {
			t.Fatal(err)
		}
		if _, err := d.run(t, header+"u1,13900000001,,,张三,,"+number+",,\n", intake.Options{}, intake.Mapping{}); err != nil || !slices.Equal(d.codes(), []intake.Code{intake.IdentityTaken}) {
			t.Errorf("%v %v", d.codes(), err)
		}
	})
}

// TestPassportsOfAnotherSystem: a passport's number is one of its country alone, so a row names the country; whoever is proven here is found
// by both, and no level comes with it.
func TestPassportsOfAnotherSystem(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		here := register(t, d, "13800138000")
		proof := idp.Proof{IAL: 1, Method: "document", Source: "register", At: d.Clock.Now()}
		who := idp.Identity{Name: "John Smith", Type: "passport", Number: "L898902C3", Nationality: "GBR", Birth: "1980-01-01"}
		if err := d.Accounts.ProveIdentity(context.Background(), here.ID, proof, who); err != nil {
			t.Fatal(err)
		}
		const columns = "external_id,mobile,name,document_type,document_number,nationality,level\n"
		rows := columns +
			"p1,13900000021,John Smith,passport,L898902C3,GBR,4\n" +
			"p2,13900000022,John Smith,passport,L898902C3,FRA,4\n" +
			"p3,13900000023,John Smith,passport,L898902C3,FRA,4\n" +
			"p4,13900000024,John Smith,passport,M1234567,,4\n" +
			"p5,13900000025,John Smith,passport,M1234567,ZZZ,4\n"
		want := []intake.Code{intake.IdentityTaken, intake.Imported, intake.IdentityRepeated, intake.DocumentInvalid, intake.DocumentInvalid}
		trust := &intake.Trust{Source: "partner", Level: func(string) subject.IAL { return 3 }, Until: func(at time.Time) time.Time { return at.AddDate(0, 0, 30) }}
		for _, dry := range []bool{true, false} {
			if _, err := d.run(t, rows, intake.Options{DryRun: dry, Trust: trust}, intake.Mapping{}); err != nil || !slices.Equal(d.codes(), want) {
				t.Fatalf("dry run %v: %v %v", dry, d.codes(), err)
			}
		}
		if p, err := d.Accounts.Person(context.Background(), d.results[1].AccountID); err != nil || p.IAL != 0 {
			t.Errorf("%+v %v", p, err)
		}
	})
}

func TestLevelOfAPartnerThatIsBelieved(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		trust := &intake.Trust{Source: "upstream:province", Level: func(word string) subject.IAL { return map[string]subject.IAL{"L2": 2}[word] }, Until: func(at time.Time) time.Time { return at.AddDate(0, 0, 30) }}
		content := header + "u1,13900000001,,,张三,,11010519491231002X,L2,\nu2,13900000002,,,李四,,,L2,\nu3,13900000003,,,王五,,110101199003070476,L9,\n"
		if _, err := d.run(t, content, intake.Options{Trust: trust}, intake.Mapping{}); err != nil || !slices.Equal(d.codes(), []intake.Code{intake.Imported, intake.Imported, intake.Imported}) {
			t.Fatalf("%v %v", d.codes(), err)
		}
		for i, level := range []subject.IAL{2, 0, 0} { // the second has no document, the third a level that the map does not know
			person, err := d.Accounts.Person(context.Background(), d.results[i].AccountID)
			if err != nil || person.IAL != level || d.results[i].Level != int(level) {
				t.Errorf("%d: %+v %v", i, person, err)
			}
			if level > 0 && (person.Name != "张三" || person.IALSource != "upstream:province" || person.IALMethod != "import" || !person.IALUntil.Equal(d.Clock.Now().AddDate(0, 0, 30))) {
				t.Errorf("%+v", person)
			}
		}
	})
}

// broken fails after some rows, as a process that dies does.
type broken struct {
	intake.Reader
	left int
}

func (b *broken) Next() (intake.Record, error) {
	if b.left--; b.left < 0 {
		return intake.Record{}, errors.New("the disk went away")
	}
	return b.Reader.Next()
}

func many(n int) string {
	var b strings.Builder
	b.WriteString(header)
	for i := range n {
		fmt.Fprintf(&b, "u%d,139%08d,,,,,,,\n", i, i)
	}
	return b.String()
}

func TestF12BrokenImportGoesOnWhereItStopped(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		content := many(intake.BatchRows*2 + 7)
		in, err := intake.NewReader(strings.NewReader(content), "csv", intake.Mapping{})
		if err != nil {
			t.Fatal(err)
		}
		o := intake.Options{Source: "old", Digest: "d"}
		if _, err := d.intake.Run(context.Background(), &broken{in, intake.BatchRows + 20}, o); err == nil || d.counts(t, "idp_account") != intake.BatchRows {
			t.Fatalf("%v, %d accounts", err, d.counts(t, "idp_account"))
		}
		if _, err := d.run(t, content, o, intake.Mapping{}); !errors.Is(err, intake.ErrBegun) || d.counts(t, "idp_account") != intake.BatchRows {
			t.Fatalf("without --resume: %v", err)
		}
		o.Resume = true
		job, err := d.run(t, content, o, intake.Mapping{})
		if err != nil || len(d.results) != intake.BatchRows+7 || job.Rows != intake.BatchRows*2+7 || job.Counts[intake.Imported] != job.Rows || d.counts(t, "idp_account") != job.Rows {
			t.Errorf("%v: %d results, %+v", err, len(d.results), job)
		}
		if broken, err := breaks(d); err != nil || broken != 0 {
			t.Errorf("%d breaks in the audit log, %v", broken, err)
		}
	})
}

func breaks(d *desk) (int, error) {
	_, broken, err := auditdb.Verify(context.Background(), d.db.Read())
	return len(broken), err
}

func TestMappingReadsFilesOfOthers(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		m := intake.Mapping{Columns: map[string]string{"external_id": "用户编号", "mobile": "手机", "password_hash": "密码", "document_number": "证件号", "document_type": "证件类型", "created": "注册时间"}, Values: map[string]map[string]string{"document_type": {"01": "citizen_id"}},
			Hash: intake.HashMapping{Algorithm: "md5", Salt: "盐", Layout: "salt+password"}, Created: "20060102", Comma: "tab"}
		content := "\ufeff用户编号\t手机\t密码\t盐\t证件类型\t证件号\t注册时间\n7\t13900000007\tA71DBBBF5271F1D7303EAA90C3EA791C\tsalt\t01\t" + number + "\t20150301\r\n"
		if _, err := d.run(t, content, intake.Options{Layout: m.Created}, m); err != nil || !slices.Equal(d.codes(), []intake.Code{intake.Imported}) {
			t.Fatalf("%v %v", d.codes(), err)
		}
		if _, err := d.Login.Login(context.Background(), "13900000007", "Password-1", "192.0.2.1"); err != nil {
			t.Error(err)
		}
		for _, content := range []string{`[{"external_id": 8, "mobile": "13900000008"}, {"external_id": "9", "mobile": {}}, 7]`, "{\"external_id\": \"80\", \"mobile\": \"13900000080\"}\n{\"external_id\": 90}\nnull\n"} {
			if _, err := d.run(t, content, intake.Options{}, intake.Mapping{}); err != nil || len(d.codes()) != 3 || d.codes()[0] != intake.Imported || d.codes()[2] != intake.Malformed {
				t.Errorf("%v %v", d.codes(), err)
			}
		}
	})
}

func TestReadersFaultsNameNoValue(t *testing.T) {
	for name, test := range map[string]struct{ format, content string }{
		"no header": {"csv", ""}, "no external id": {"csv", "mobile\n1\n"}, "a column twice": {"csv", "external_id,external_id\n"}, "broken JSON": {"json", `[{"mobile":"13900000001",}]`}, "JSON that ends": {"json", `[{"external_id":"13900000001"}`},
		"empty JSON": {"json", " "}, "long line": {"csv", "external_id\n" + strings.Repeat("1390000", 20_000) + "\n"}, "format": {"xml", "<a/>"},
	} {
		in, err := intake.NewReader(strings.NewReader(test.content), test.format, intake.Mapping{})
		for err == nil {
			_, err = in.Next()
		}
		if errors.Is(err, io.EOF) && name != "no header" && name != "empty JSON" || strings.Contains(err.Error(), "1390000") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := (intake.Mapping{Columns: map[string]string{"phone": "x"}, Values: map[string]map[string]string{"x": nil}, Hash: intake.HashMapping{Algorithm: "md4", Layout: "x"}, Encoding: "latin1", Comma: "ab"}).Check(); err == nil || strings.Count(err.Error(), "\n") != 5 {
		t.Errorf("%v", err)
	}
}

func FuzzReaders(f *testing.F) {
	f.Add([]byte(people), true)
	f.Add([]byte(`[{"external_id": 8}]`), false)
	f.Fuzz(func(t *testing.T, content []byte, csv bool) {
		format := "json"
		if csv {
			format = "csv"
		}
		in, err := intake.NewReader(bytes.NewReader(content), format, intake.Mapping{})
		for row := 1; err == nil; row++ {
			var r intake.Record
			if r, err = in.Next(); err == nil && r.Row != row {
				t.Fatalf("row %d is counted as %d", row, r.Row)
			}
		}
	})
}

// BenchmarkImport is rows a second with and without passwords that must be wrapped.
func BenchmarkImport(b *testing.B) {
	for _, engine := range testkit.Databases(b, auditdb.Migrations(), outboxdb.Migrations(), idpdb.Migrations()) {
		b.Run(engine.Name, func(b *testing.B) {
			store := idpdb.New(engine.Open(b))
			world := idptest.NewWorld(b, store)
			service := intake.New(intake.Config{Store: store, Accounts: world.Accounts, Passwords: world.Passwords, Now: world.Clock.Now, Rand: ident.System()})
			in, err := intake.NewReader(strings.NewReader(many(b.N)), "csv", intake.Mapping{})
			if err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			if job, err := service.Run(context.Background(), in, intake.Options{Source: "bench", Digest: "d"}); err != nil || job.Counts[intake.Imported] != b.N {
				b.Fatalf("%+v %v", job, err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
