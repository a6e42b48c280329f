package quickstart

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/walk"
	yinxin "github.com/yinxin-gov/yinxin/sdk"
	"github.com/yinxin-gov/yinxin/sdk/portal"
)

// Run does the job and reports whether every step held. Without Options.Exit it then serves until ctx ends.
// An error means that the job could not even begin.
func Run(ctx context.Context, o Options) (ok bool, err error) {
	s, err := prepare(o)
	if err != nil {
		return false, err
	}
	log, err := os.OpenFile(filepath.Join(s.options.Data, "yinxin.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return false, err
	}
	defer log.Close()
	logger := slog.New(slog.NewJSONHandler(log, nil))
	slog.SetDefault(logger)
	report := &Report{Issuer: s.cfg.Issuer, Management: s.managementURL(), Data: s.options.Data, Config: s.file, CAFile: s.caFile,
		Trust: filepath.Join(s.options.Data, "trust"), Inbox: s.cfg.Issuer + "/sandbox/inbox", Steps: []Step{}, Personas: []Persona{}, Clients: []Client{}}
	serving, stop := context.WithCancel(ctx)
	defer stop()
	j := &job{setup: s, report: report, browser: walk.New(s.tls), http: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: s.tls}}}
	run := &runner{report: report, now: time.Now, talk: o.Stderr}

	var group sync.WaitGroup
	failed := make(chan error, 1+len(s.portals))
	run.step(ctx, "start", func(ctx context.Context) (string, error) {
		platform, err := app.New(ctx, s.cfg, app.Options{Public: s.public, Management: s.manage, Migrate: true, Log: logger})
		if err != nil {
			return "", err
		}
		j.platform = platform
		group.Go(func() {
			defer platform.Close()
			failed <- platform.Serve(serving)
		})
		return s.cfg.Issuer, j.ready(ctx)
	})
	run.step(ctx, "clients", j.clients)
	run.step(ctx, "portals", func(ctx context.Context) (string, error) {
		for _, p := range s.portals {
			handler, err := j.portal(ctx, p)
			if err != nil {
				return "", err
			}
			server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
			if server.TLSConfig, err = s.serverTLS(); err != nil {
				return "", err
			}
			group.Go(func() { failed <- servePortal(serving, server, p) })
		}
		return fmt.Sprintf("%s, %s", s.portalURL(s.portals[0]), s.portalURL(s.portals[1])), nil
	})
	j.steps(ctx, run)
	if err := report.Print(o.Stdout, o.JSON); err != nil {
		return false, err
	}
	ok = report.OK()
	if !o.Exit && ok {
		fmt.Fprintln(o.Stderr, "yinxin quickstart: done; serving until it is stopped (Ctrl+C)")
		select {
		case <-ctx.Done():
		case err = <-failed:
		}
	}
	stop()
	group.Wait()
	return ok, err
}

// servePortal answers until ctx ends.
func servePortal(ctx context.Context, server *http.Server, p *portalSpec) error {
	end := context.AfterFunc(ctx, func() { server.Close() })
	defer end()
	serve := func() error { return server.Serve(p.listener) }
	if server.TLSConfig != nil {
		serve = func() error { return server.ServeTLS(p.listener, "", "") }
	}
	if err := serve(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// portal makes a sample portal; its SDK reads the platform's metadata now.
func (j *job) portal(ctx context.Context, p *portalSpec) (http.Handler, error) {
	cfg := portal.Config{Name: p.name, Department: p.department, Service: p.service, DeepIAL: p.deep}
	var err error
	cfg.Client, err = yinxin.New(ctx, j.setup.cfg.Issuer, j.setup.portalURL(p), yinxin.WithSecret(p.id, p.secret), yinxin.WithIAL(p.ial), yinxin.WithAlgorithm(p.algorithm),
		yinxin.WithFailurePage(cfg.FailurePage()),
		yinxin.WithHTTPClient(&http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: j.setup.tls}}))
	if err != nil {
		return nil, err
	}
	return portal.New(cfg)
}

// ready waits until the platform says that it is.
func (j *job) ready(ctx context.Context) error {
	for range 100 {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, j.report.Management+"/readyz", nil)
		if err != nil {
			return err
		}
		response, err := j.http.Do(request)
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	return errors.New("the platform did not become ready within five seconds")
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// Service clients that stand for three people of a department: no single one can bring a licence into being.
var desks = []struct{ id, name, scope string }{
	{"desk-clerk", "受理窗口（演示）", "license_clerk seal_keeper"},
	{"desk-reviewer", "审核（演示）", "license_reviewer seal_reviewer"},
	{"desk-issuer", "制证（演示）", "license_issuer seal_maker"},
}

// clients registers portals, service clients and personas, and what --apply names, as `admin apply` does.
func (j *job) clients(ctx context.Context) (string, error) {
	m := app.Manifest{Personas: []app.Persona{
		{Identifier: "13800138001", Password: j.setup.memories.Password, Name: "李四", IAL: 2},
		{Identifier: "13800138003", Password: j.setup.memories.Password, Name: "欧阳春晓", IAL: 1},
		{Identifier: "13800138009", Password: j.setup.memories.Password, Name: "孙经办", IAL: 2, Roles: []string{"license_clerk", "seal_keeper"}},
		{Identifier: "13800138008", Password: j.setup.memories.Password, Name: "钱法人", IAL: 2, Roles: []string{"license_reviewer", "license_issuer", "seal_reviewer", "seal_maker", esign.RoleApprover}},
		// The three administrators.
		{Identifier: "system@example.gov.cn", Password: j.setup.memories.Password, Name: "冯系统", IAL: 2, Roles: []string{idp.RoleSystemAdmin}},
		{Identifier: "security@example.gov.cn", Password: j.setup.memories.Password, Name: "陈安全", IAL: 2, Roles: []string{idp.RoleSecurityAdmin}},
		{Identifier: "audit@example.gov.cn", Password: j.setup.memories.Password, Name: "褚审计", IAL: 2, Roles: []string{idp.RoleAuditAdmin}},
		// What one security administrator proposes another one approves.
		{Identifier: "security2@example.gov.cn", Password: j.setup.memories.Password, Name: "卫安全", IAL: 2, Roles: []string{idp.RoleSecurityAdmin}},
	}, Areas: []staff.Area{
		{Code: "990000", Name: "示例省"}, {Code: "990100", Name: "示例市"}, {Code: "990102", Name: "示例县"}, {Code: "990102100000", Name: "示例镇"}, {Code: "990102100001", Name: "示例村"},
	}, Departments: []staff.Department{{ID: "demo-county", Name: "示例县行政审批局", Area: "990102"}, {ID: "demo-town", Name: "示例镇便民服务中心", Area: "990102100000"}}}
	for _, p := range j.setup.portals {
		base := j.setup.portalURL(p)
		m.Clients = append(m.Clients, idp.Client{ClientID: p.id, ClientSecret: p.secret, ClientName: p.name + "（演示门户）", Department: p.department, Purpose: p.service, Sector: p.department,
			RedirectURIs: []string{base + yinxin.PathCallback}, PostLogoutRedirectURIs: []string{base + yinxin.PathLoggedOut}, BackchannelLogoutURI: base + yinxin.PathBackChannel,
			GrantTypes: []string{"authorization_code", "refresh_token"}, Scope: "openid profile", ApplicationType: "native", IDTokenAlg: p.algorithm, PortalURL: base})
	}
	j.desks = map[string]*desk{}
	for _, d := range desks {
		secret := j.setup.secret()
		j.desks[d.id] = &desk{id: d.id, secret: secret}
		m.Clients = append(m.Clients, idp.Client{ClientID: d.id, ClientSecret: secret, ClientName: d.name, GrantTypes: []string{"client_credentials"}, Scope: d.scope})
	}
	more := j.setup.further
	m.Clients, m.Personas, m.Authorities = append(m.Clients, more.Clients...), append(m.Personas, more.Personas...), append(m.Authorities, more.Authorities...)
	m.Areas, m.Departments, m.Staff = append(m.Areas, more.Areas...), append(m.Departments, more.Departments...), more.Staff
	for _, c := range m.Clients {
		uris := c.RedirectURIs
		if uris == nil {
			uris = []string{}
		}
		j.report.Clients = append(j.report.Clients, Client{ClientID: c.ClientID, ClientSecret: c.ClientSecret, RedirectURIs: uris, PortalURL: c.PortalURL})
	}
	for _, p := range m.Personas {
		j.report.Personas = append(j.report.Personas, Persona{Identifier: p.Identifier, Password: p.Password, Name: p.Name, IAL: p.IAL, Roles: p.Roles})
	}
	return fmt.Sprintf("%d clients, %d personas", len(m.Clients), len(m.Personas)), j.platform.Apply(ctx, m)
}
