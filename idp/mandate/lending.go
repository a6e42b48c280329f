package mandate

import (
	"context"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/internal/fault"
)

// An organisation has its licences kept (证照保管人) by mandates of the kind LicenseKeeper: their items are codes of types of licences, and codes of
// purposes behind PurposeMark. Other mandates that name such items are bound by them too.

// PurposeMark stands before the code of a purpose for which licences may be lent (elicense/purposes.json) among the items of a mandate.
const PurposeMark = "purpose:"

// hereOnly: the mandate is used at our own pages alone. An application has a service item of its own, which a keeper of licences is given none of.
func (m Mandate) hereOnly() bool { return m.Kind == LicenseKeeper }

func purpose(item string) bool { return strings.HasPrefix(item, PurposeMark) }

// checkLicenses refuses a keeper without a type of licences, and one who lends without a purpose; all licences for all purposes is nobody's but those who manage.
func (t Terms) checkLicenses() error {
	types := slices.ContainsFunc(t.Items, func(i string) bool { return !purpose(i) && i != AllItems })
	if !types || slices.Contains(t.Rights, Lend) && !slices.ContainsFunc(t.Items, purpose) {
		return fault.New(fault.KeeperLicenses).WithField("mandate-items", fault.KeeperLicenses)
	}
	return nil
}

// Lends reports whether the agent may let an office use a licence of a type for a purpose.
func (m Mandate) Lends(typeCode, purposeCode string) bool {
	return m.Has(Lend) && m.Covers(typeCode) && (m.Covers(PurposeMark+purposeCode) || m.Kind != LicenseKeeper && !slices.ContainsFunc(m.Items, purpose))
}

// Managers are who manages an organisation now, each once: its legal representative and administrators.
func (s *Service) Managers(ctx context.Context, organisation string) ([]string, error) {
	return s.agentsOf(ctx, organisation, func(m Mandate) bool { return m.Live(s.cfg.Now()) && m.Has(Manage) })
}

// agentsOf are the agents of a principal's mandates that are wanted, each once.
func (s *Service) agentsOf(ctx context.Context, principal string, wanted func(Mandate) bool) (accounts []string, err error) {
	for behind := (Mark{}); ; {
		page, err := s.cfg.Store.MandatesByPrincipal(ctx, principal, behind, endPage)
		if err != nil {
			return nil, fault.Wrap(err, fault.Unavailable)
		}
		for _, m := range page {
			behind = Mark{m.CreatedAt, m.ID}
			if wanted(m) && !slices.Contains(accounts, m.Agent) {
				accounts = append(accounts, m.Agent)
			}
		}
		if len(page) < endPage {
			return accounts, nil
		}
	}
}

// ActsFor reports whether an account has any mandate of a principal under which it may act now.
func (s *Service) ActsFor(ctx context.Context, principal, agent string) (bool, error) {
	agents, err := s.agentsOf(ctx, principal, func(m Mandate) bool { return m.Agent == agent && m.Live(s.cfg.Now()) })
	return len(agents) > 0, err
}
