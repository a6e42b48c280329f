package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/typepackage"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// LicenseTypes is what `yinxin admin type` does on the state that a configuration names, also while servers run; they see it within five
// seconds. Call Close.
type LicenseTypes struct {
	app     *App
	service *elicense.Service
	ctx     context.Context // of the one run of a command, with the operator as actor
}

// OpenLicenseTypes opens the state for an operator, by whose name proposals and decisions are kept apart.
func OpenLicenseTypes(ctx context.Context, cfg Config, operator string, log *slog.Logger) (*LicenseTypes, error) {
	a, err := New(ctx, cfg, Options{Log: log})
	if err != nil {
		return nil, err
	}
	ctx = reqctx.With(ctx, reqctx.Request{Actor: reqctx.Actor{ID: "operator:" + operator, Roles: []string{elicense.RoleTypes}}})
	return &LicenseTypes{a, a.sealing.licenses, ctx}, nil
}

// Close lets go of the state.
func (l *LicenseTypes) Close() { l.app.Close() }

// ReadTypePackage reads a package from a folder or a ZIP archive. Errors wrap typepackage.ErrArchive, or are those of the file system.
func ReadTypePackage(path string) (map[string][]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return typepackage.ReadFolder(os.DirFS(path))
	}
	if info.Size() > typepackage.MaxArchive {
		return nil, fmt.Errorf("%w: larger than %d KiB", typepackage.ErrArchive, typepackage.MaxArchive>>10)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return typepackage.ReadZIP(content)
}

// Check judges a package and changes nothing.
func (l *LicenseTypes) Check(files map[string][]byte) (elicense.CheckedType, error) {
	return l.service.CheckType(l.ctx, files)
}

// Publish proposes a version, or brings it into use where one person may.
func (l *LicenseTypes) Publish(files map[string][]byte) (elicense.TypeVersion, elicense.CheckedType, error) {
	return l.service.PublishType(l.ctx, files)
}

// Confirm brings a proposed version into use.
func (l *LicenseTypes) Confirm(id, template string) (elicense.TypeVersion, error) {
	return l.service.ConfirmType(l.ctx, id, template)
}

// Refuse ends a proposal.
func (l *LicenseTypes) Refuse(id, template, reason string) (elicense.TypeVersion, error) {
	return l.service.RefuseType(l.ctx, id, template, reason)
}

// Retire ends the making of licences of a type.
func (l *LicenseTypes) Retire(code, reason string) error {
	return l.service.RetireType(l.ctx, code, reason)
}

// Proposed are the versions that wait.
func (l *LicenseTypes) Proposed() (all []elicense.TypeVersion, err error) {
	const page = 100
	for after := ""; ; {
		list, err := l.service.ProposedTypes(l.ctx, after, page)
		if err != nil {
			return nil, err
		}
		if all = append(all, list...); len(list) < page {
			return all, nil
		}
		after = list[len(list)-1].ID
	}
}

// Proposal is a version that waits, with what it changes.
func (l *LicenseTypes) Proposal(id string) (elicense.TypeVersion, elicense.CheckedType, error) {
	return l.service.ProposedType(l.ctx, id)
}

// List gives every version of every type, or of one code, the newest of each first.
func (l *LicenseTypes) List(code string) []elicense.ListedType { return l.service.TypeVersions(code) }
