package idphttp

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

// keeperPages are those on which an organisation names the keepers of its seals, and says that it names none any more.
func (s *Server) keeperPages(page func(pattern string, handler func(w http.ResponseWriter, r *http.Request) error)) {
	page("GET /me/organisations/{id}/keepers/new", s.keeperForm)
	page("POST /me/organisations/{id}/keepers/new", s.keeperName)
	page("POST /me/organisations/{id}/keepers/release", s.keepersRelease)
}

func keepersPath(organisation string) string { return "/me/organisations/" + organisation + "/keepers" }

// showKeepers puts who keeps the seals of an organisation on its page.
func (s *Server) showKeepers(r *http.Request, account, organisation string, body *web.OrganisationPage) error {
	keeping, err := s.Mandates.KeepersOf(r.Context(), account, organisation)
	if err != nil {
		return err
	}
	body.KeepersSince, body.KeeperURL = keeping.Since, keepersPath(organisation)+"/new"
	if !keeping.Since.IsZero() && len(keeping.Keepers) == 0 {
		body.ReleaseURL = keepersPath(organisation) + "/release"
	}
	for _, one := range keeping.Keepers {
		item, err := s.mandateItem(r.Context(), one.Mandate, organisation)
		if err != nil {
			return err
		}
		body.Keepers = append(body.Keepers, web.OrganisationKeeper{MandateItem: item, Stands: one.Keeps(s.Now()), Frozen: !one.Mandate.FrozenAt.IsZero()})
	}
	return nil
}

// keeperOffice is the organisation of a page, for whoever names its keepers.
func (s *Server) keeperOffice(w http.ResponseWriter, r *http.Request) (current session.Session, name string, ok bool, err error) {
	if current, ok, err = s.signedInAccount(w, r); !ok {
		return current, "", false, err
	}
	kinds, err := s.Mandates.Appoints(r.Context(), current.AccountID, r.PathValue("id"))
	if err == nil && !slices.Contains(kinds, mandate.SealKeeper) {
		err = fault.New(fault.NotFound)
	}
	if err != nil {
		return current, "", false, err
	}
	organisation, err := s.Accounts.Person(r.Context(), r.PathValue("id"))
	return current, organisation.Name, err == nil, err
}

func (s *Server) keeperForm(w http.ResponseWriter, r *http.Request) error {
	_, name, ok, err := s.keeperOffice(w, r)
	if !ok {
		return err
	}
	return s.showKeeperForm(w, r, http.StatusOK, name, nil)
}

func (s *Server) showKeeperForm(w http.ResponseWriter, r *http.Request, status int, organisation string, failures []web.FieldError) error {
	policy, _ := mandate.PolicyOf(mandate.SealKeeper)
	body := web.KeeperPage{Action: keepersPath(r.PathValue("id")) + "/new", BackURL: "/me/organisations/" + r.PathValue("id"), Organisation: organisation,
		Name: r.PostFormValue("mandate-name"), To: r.PostFormValue("mandate-to"), Seals: r.PostFormValue("keeper-seals"),
		Days: strconv.Itoa(int(policy.Life.Hours() / 24)), MaxDays: int(policy.MaxLife.Hours() / 24)}
	if r.Method == http.MethodPost {
		body.Days = r.PostFormValue("mandate-days")
	}
	return s.Pages.Page(w, r, status, "organisation-keeper", web.Page{Identity: s.Identity(r), Errors: failures, Body: body})
}

func (s *Server) keeperName(w http.ResponseWriter, r *http.Request) error {
	current, name, ok, err := s.keeperOffice(w, r)
	if !ok {
		return err
	}
	made, err := s.nameKeeper(r, current)
	status := fault.MetaOf(fault.CodeOf(err)).Status
	switch {
	case err == nil:
		return see(w, r, "/me/mandates/"+made.ID)
	case status >= http.StatusInternalServerError:
		return err
	}
	return s.showKeeperForm(w, r, status, name, s.failed(w, r, err, ""))
}

func (s *Server) nameKeeper(r *http.Request, current session.Session) (mandate.Mandate, error) {
	days, err := strconv.Atoi(strings.TrimSpace(r.PostFormValue("mandate-days")))
	if err != nil || days < 1 || days > 10000 {
		return mandate.Mandate{}, fault.New(fault.MandateTerms).WithField("mandate-days", fault.MandateTerms)
	}
	terms := mandate.Terms{Kind: mandate.SealKeeper, Items: strings.Fields(r.PostFormValue("keeper-seals")), Until: s.Now().Add(time.Duration(days) * 24 * time.Hour)}
	if len(terms.Items) == 0 {
		terms.Items = []string{mandate.AllItems}
	}
	by := mandate.By{Account: current.AccountID, SignedInAt: current.AuthTime}
	agent, err := s.Mandates.FindAgent(r.Context(), by, r.PostFormValue("mandate-name"), r.PostFormValue("mandate-to"))
	if err != nil {
		return mandate.Mandate{}, err
	}
	return s.Mandates.Give(r.Context(), by, r.PathValue("id"), agent, terms)
}

func (s *Server) keepersRelease(w http.ResponseWriter, r *http.Request) error {
	current, _, ok, err := s.keeperOffice(w, r)
	if !ok {
		return err
	}
	return s.afterOrganisation(w, r, s.Mandates.GiveUpKeepers(r.Context(), mandate.By{Account: current.AccountID, SignedInAt: current.AuthTime}, r.PathValue("id")))
}

// SealKeeperRecord is a naming on the wire.
type SealKeeperRecord struct {
	MandateRecord
	Holds bool `json:"holds" doc:"Counts now: not frozen, both accounts active and not resting after a recovery"`
}

type keepersAnswer struct {
	Body struct {
		Since *time.Time         `json:"since,omitempty" doc:"Since when nobody but whom it named uses the seals of the organisation, also when nobody is left; absent while it names nobody"`
		Items []SealKeeperRecord `json:"items" doc:"Namings in force, the oldest first: at most 20"`
	}
}

// registerKeepers adds the operations about keepers of seals; they are named by give-mandate and ended as every mandate.
func (s *Server) registerKeepers(api huma.API) {
	huma.Register(api, mandateOperation("list-seal-keepers", http.MethodGet, "organisations/{id}/seal-keepers", "印章保管人 Whom an organisation named as keepers of its seals, for who manages it"), func(ctx context.Context, in *OrganisationPath) (*keepersAnswer, error) {
		by, err := mandateCaller(ctx)
		if err != nil {
			return nil, err
		}
		return s.keepersAnswer(ctx, by.Account, in.ID)
	})
	huma.Register(api, mandateOperation("give-up-seal-keepers", http.MethodPost, "organisations/{id}/seal-keepers/release", "不再自行指定印章保管人 Name no keepers any more: staff with the role use the seals again"), func(ctx context.Context, in *OrganisationPath) (*keepersAnswer, error) {
		by, err := mandateCaller(ctx)
		if err == nil {
			_, err = s.Mandates.KeepersOf(ctx, by.Account, in.ID) // not there for whoever does not manage it
		}
		if err == nil {
			err = s.Mandates.GiveUpKeepers(ctx, by, in.ID)
		}
		if err != nil {
			return nil, err
		}
		return s.keepersAnswer(ctx, by.Account, in.ID)
	})
}

func (s *Server) keepersAnswer(ctx context.Context, by, organisation string) (*keepersAnswer, error) {
	keeping, err := s.Mandates.KeepersOf(ctx, by, organisation)
	if err != nil {
		return nil, err
	}
	out := &keepersAnswer{}
	out.Body.Items = []SealKeeperRecord{}
	if !keeping.Since.IsZero() {
		out.Body.Since = &keeping.Since
	}
	for _, one := range keeping.Keepers {
		shown, err := s.mandateRecord(ctx, one.Mandate, by)
		if err != nil {
			return nil, err
		}
		out.Body.Items = append(out.Body.Items, SealKeeperRecord{shown, one.Keeps(s.Now()) && !one.Rests(s.Now())})
	}
	return out, nil
}
