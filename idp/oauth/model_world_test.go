package oauth_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/idp/tokens"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/outbox/outboxdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/keysdb"
	"github.com/yinxin-gov/yinxin/keys/softkeys"
)

const modelIssuer = "https://id.gov.cn"

// The clients of the model: one of each kind that the engine treats differently.
const (
	clientPortal = "portal" // confidential, signed access tokens
	clientOpaque = "opaque" // confidential, opaque access tokens
	clientApp    = "app"    // public: its refresh tokens belong to a key
	clientFAPI   = "bank"   // FAPI 2.0: its refresh tokens do not rotate
)

var modelClients = []string{clientPortal, clientOpaque, clientApp, clientFAPI}

var modelScopes = []string{"openid", "profile"}

func modelClient(id string) idp.Client {
	c := idp.Client{ClientID: id, RedirectURIs: []string{redirectOf(id)}, GrantTypes: []string{"authorization_code", "refresh_token"}, Scope: strings.Join(modelScopes, " ")}
	switch id {
	case clientOpaque:
		c.AccessTokenFormat = idp.FormatOpaque
	case clientApp:
		c.TokenEndpointAuthMethod = idp.AuthNone
	case clientFAPI:
		c.Profile, c.TokenEndpointAuthMethod, c.TLSSanDNS = idp.ProfileFAPI2, idp.AuthTLS, "bank.gov.cn"
	}
	return c
}

func redirectOf(clientID string) string { return "https://" + clientID + ".gov.cn/cb" }

const modelVerifier = "a-verifier-of-the-model-that-is-long-enough-0123456789"

func modelChallenge() string {
	sum := sha256.Sum256([]byte(modelVerifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// process is the platform as far as the model drives it. The database and the keys outlive it, everything else is made
// anew by restart.
type process struct {
	url   string
	ring  *keys.Provider
	now   time.Time
	db    *sqldb.DB
	store *faultyStore

	clients  *idp.Clients
	engine   *oauth.Engine
	tokens   *tokens.Service
	sessions *session.Service
	hashing  *keys.Ring
	serial   int
}

// newProcess opens the platform over a database. The keys lie in a database of their own, as with an outside provider.
func newProcess(t *testing.T, engine testkit.Database) *process {
	p := &process{now: modelStart}
	sets := []sqldb.MigrationSet{auditdb.Migrations(), outboxdb.Migrations(), idpdb.Migrations()}
	if engine.Name == string(sqldb.SQLite) {
		p.url = "sqlite:" + modelFolder(t) + "/model.db"
	} else {
		p.url = engine.OpenURL(t)
	}
	keyStore := testkit.OpenDatabase(t, "sqlite:"+modelFolder(t)+"/keys.db", keysdb.Migrations(), auditdb.Migrations(), outboxdb.Migrations())
	provider, err := softkeys.New(context.Background(), softkeys.Config{Store: keysdb.New(keyStore), Passphrase: "a passphrase of tests", Now: func() time.Time { return modelStart }, Rand: ident.System()})
	if err != nil {
		t.Fatal(err)
	}
	var any keys.Provider = provider
	p.ring = &any
	db, err := sqldb.Open(context.Background(), sqldb.Config{URL: p.url})
	if err == nil {
		err = db.Migrate(context.Background(), modelStart, sets...)
	}
	if err != nil {
		t.Fatal(err)
	}
	p.db = db
	t.Cleanup(func() { p.db.Close() })
	if err := p.restart(); err != nil {
		t.Fatal(err)
	}
	if err := p.tokens.EnsureKeys(context.Background()); err != nil {
		t.Fatal(err)
	}
	return p
}

// modelFolder is a folder for a database; in memory where the system has such a file system, since the model asks what is
// stored and not what outlives a loss of power.
func modelFolder(t *testing.T) string {
	folder, err := os.MkdirTemp("/dev/shm", "yinxin-model-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	return folder
}

func (p *process) clock() time.Time { return p.now }

// restart throws away everything that a process holds in memory. On SQLite the file is opened anew.
func (p *process) restart() error {
	ctx := context.Background()
	if p.db.Dialect() == sqldb.SQLite && p.store != nil {
		if err := p.db.Close(); err != nil {
			return err
		}
		db, err := sqldb.Open(ctx, sqldb.Config{URL: p.url})
		if err != nil {
			return err
		}
		p.db = db
	}
	p.store = &faultyStore{Store: idpdb.New(p.db), db: p.db}
	ring := keys.NewRing(*p.ring)
	p.hashing = ring
	p.clients = idp.NewClients(p.store, ring, p.clock)
	accounts := idp.NewAccounts(idp.AccountsConfig{Store: p.store, Ring: ring, Now: p.clock, Rand: ident.System()})
	proofs := oauth.NewProofs(oauth.ProofsConfig{Ring: ring, Store: p.store, Now: p.clock})
	p.tokens = tokens.New(tokens.Config{Issuer: modelIssuer, Ring: ring, Clients: p.clients, People: accounts, Store: p.store, Proofs: proofs, Now: p.clock, Rand: ident.System()})
	p.engine = oauth.New(oauth.Config{Issuer: modelIssuer, Store: p.store, Clients: p.clients, Ring: ring, Minter: p.tokens, Now: p.clock, Rand: ident.System()})
	p.sessions = session.New(session.Config{Store: p.store, Ring: ring, Clients: p.clients, Now: p.clock, Rand: ident.System()})
	return p.clients.Refresh(ctx)
}

// hash is the keyed hash under which a code or refresh token is stored.
func (p *process) hash(kind, value string) ([]byte, error) {
	mac, err := p.hashing.MAC(context.Background(), keys.UsageLookup)
	if err != nil {
		return nil, err
	}
	return mac.Sum(context.Background(), []byte("oauth-"+kind), []byte(value))
}

func (p *process) record(kind, object string) audit.Record {
	return audit.With(audit.Event{Type: kind, At: p.now, Actor: "test", ObjectType: "account", ObjectID: object})
}

// number reads one number of the database, past the faults.
func (p *process) number(query string, args ...any) (n int, err error) {
	if err := p.db.Read().QueryRowContext(context.Background(), query, args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("%s: %w", query, err)
	}
	return n, nil
}

// fresh gives new accounts to a check; the clients are as registered.
func (p *process) fresh(accounts int) ([]*person, error) {
	ctx := context.Background()
	p.now = modelStart
	if err := p.restartIfDead(); err != nil {
		return nil, err
	}
	p.store.arm(faultNone, 0)
	for _, id := range modelClients {
		c := modelClient(id)
		c.GivenState = idp.StateLive
		if err := p.clients.Apply(ctx, []idp.Client{c}); err != nil {
			return nil, err
		}
	}
	var people []*person
	for range accounts {
		p.serial++
		id := fmt.Sprintf("acc-%d", p.serial)
		if err := p.store.CreateAccount(ctx, idp.Account{ID: id, State: idp.AccountActive, CreatedAt: p.now, UpdatedAt: p.now}, p.record("account.created", id)); err != nil {
			return nil, err
		}
		people = append(people, &person{id: id, state: idp.AccountActive, consent: map[string]bool{}})
	}
	return people, nil
}

func (p *process) restartIfDead() error {
	if !p.store.isDead() {
		return nil
	}
	return p.restart()
}
