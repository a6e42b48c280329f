package app_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/bridge/cas"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// The samples of the guide are taken as they stand, twice, and the second time changes nothing.
func TestSamplesOfTheGuideAreTaken(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(testkit.Root(), "docs", "integration", "bridges.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, engine := range engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			p := apptest.Start(t, engine.OpenURL(t))
			blocks := yamlBlock.FindAllStringSubmatch(string(content), -1)
			for range 2 {
				for _, block := range blocks {
					m, err := app.ReadManifest([]byte(block[1]))
					if err != nil {
						t.Fatal(err)
					}
					apply(t, p, m)
				}
			}
			var applied int
			db := testkit.OpenDatabase(t, p.Config.Database.URL)
			if err := db.Read().QueryRowContext(context.Background(), "SELECT COUNT(*) FROM audit_event WHERE object_type = 'partner'").Scan(&applied); err != nil || len(blocks) != 6 || applied != 7 {
				t.Errorf("%d changes of partners in %d samples, %v", applied, len(blocks), err)
			}
			var secret string
			if err := db.Read().QueryRowContext(context.Background(), "SELECT body FROM idp_partner WHERE kind = 'ticket'").Scan(&secret); err != nil || strings.Contains(secret, "shared secret") {
				t.Errorf("the secret lies open: %s, %v", secret, err)
			}
		})
	}
}

// A partner that another node registered is found without a restart, and one that cannot be is refused before anything
// is stored.
func TestPartnersAreSeenByOtherNodes(t *testing.T) {
	database := database(t)
	p := apptest.Start(t, database)
	other, err := app.New(context.Background(), p.Config, app.Options{Now: p.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	service := "https://other.example.gov.cn/cas"
	bad := []cas.Service{{Registration: registration("good", service)}, {Registration: registration("bad", "javascript:alert(1)")}}
	if err := other.Apply(context.Background(), app.Manifest{CASServices: bad}); err == nil {
		t.Fatal("a script was registered")
	}
	wantPage(t, p.Get("/cas/login?service="+service, ""))
	if err := other.Apply(context.Background(), app.Manifest{CASServices: bad[:1]}); err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if a := p.Get("/cas/login?service="+service, ""); a.Status == 303 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Error("the other node does not know the service")
}
