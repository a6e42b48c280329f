package channel

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Template is a message by name. Its texts are message.NAME.text, .subject and .mail of the catalogue; each may also use
// {platform} and {hotline}. One that is Spoken has a text .voice for calls too, in which {digits} is its code digit by digit.
type Template struct {
	Name   string
	Params []Param
	Spoken bool
}

// Param is a placeholder and the longest value that stands in a message, in UTF-16 units; what is longer is clipped, so
// that nobody's name makes a message of many parts.
type Param struct {
	Name string
	Max  int
}

// Longest values of what stands in every message.
const (
	MaxPlatform = 16
	maxHotline  = 20
)

// Names of templates.
const (
	TemplateCode     = "code"     // one-time code
	TemplateReplay   = "replay"   // a credential of the person was used twice
	TemplateRegister = "register" // the register no longer confirms what was proofed
	TemplateTest     = "test"     // of the operator

	TemplateDocumentExpiry   = "document-expiry"   // the document behind the level ends soon
	TemplateAccountMerged    = "account-merged"    // another account of the person became part of this one
	TemplateIdentityChanged  = "identity-changed"  // a register or administrators corrected the identity
	TemplateDocuments        = "documents-changed" // a document was added to the account or retired
	TemplateDocumentEnded    = "document-ended"    // the register revoked the document, so the level ended
	TemplateMobileReassigned = "mobile-reassigned" // a carrier gave the number to somebody else, so the account lost it
	TemplateAccountRevived   = "account-revived"   // a wrong report of a death was taken back
	TemplateSuspended        = "account-suspended" // administration stopped the account
	TemplateResumed          = "account-resumed"   // and let it be used again

	TemplateDeletion      = "deletion"       // the account will be deleted
	TemplateDeletionFinal = "deletion-final" // the last notice before it
	// To guardians of a child below 14 whose account will be deleted, of the last days, that it stays, and that it is done.
	TemplateChildDeletion      = "child-deletion"
	TemplateChildDeletionFinal = "child-deletion-final"
	TemplateChildKept          = "child-kept"
	TemplateChildDeleted       = "child-deleted"
	TemplateChildLevelExpiry   = "child-level-expiry" // the child's level ends soon

	TemplateCertificateUnwatched    = "certificate-unwatched"     // a level by a certificate of which nothing was kept will end
	TemplateCertificateUnwatchedEnd = "certificate-unwatched-end" // or did

	TemplateDisputeAnswered       = "dispute-answered"        // a department answered a question about what it received
	TemplateDisputeMoved          = "dispute-moved"           // it went back to the department, or to the platform
	TemplateForgeryDecided        = "forgery-decided"         // a report of a suspected forgery was decided
	TemplateSealFlagged           = "seal-flagged"            // uses of a seal that the person keeps are unlike the usual ones
	TemplateLicenseUsed           = "license-used"            // a department uses a licence of the person by its function
	TemplateLicensePrinted        = "license-paper-printed"   // a paper copy of a licence was printed
	TemplateLicensePaperWithdrawn = "license-paper-withdrawn" // and one was withdrawn
	TemplateLicenseFrozen         = "license-frozen"          // the person lets nobody use licences for now
	TemplateLicenseExpiring       = "license-expiring"        // the validity of a licence of the person ends
	TemplateLicenseUnfrozen       = "license-unfrozen"        // and lets them be used again
	TemplateLicenseConsent        = "license-consent"         // a co-owner is asked whether an office may use a licence
	TemplateLicenseConsentEnd     = "license-consent-end"     // what became of a grant that waited for co-owners
	TemplateLicenseOffice         = "license-office"          // something happened to a licence of an organisation that the person manages

	TemplateApplicationRefused = "application-refused" // rules refused an application for a licence, with the last day of an appeal
	TemplateAppealGranted      = "appeal-granted"      // it is approved after all
	TemplateAppealUpheld       = "appeal-upheld"       // or the refusal stands
	// A reviewer returned or refused what the holder of a licence applied for; the reason is on the page of the application.
	TemplateApplicationReturned = "application-returned"
	TemplateApplicationRejected = "application-rejected"

	TemplateExport        = "export"            // the copy of the person's data can be fetched
	TemplateLevelExpiry   = "level-expiry"      // the level ends soon by its age
	TemplateReviewPassed  = "review-passed"     // reviewers confirmed the person
	TemplateReviewRefused = "review-refused"    // reviewers did not
	TemplateDocumentBound = "document-bound"    // reviewers confirmed a document that this account cannot have
	TemplateRelative      = "relative-declared" // somebody named the person as a relative
	TemplateChildRefused  = "child-refused"     // a guardian's consent was not confirmed
	TemplateWardPassed    = "ward-passed"       // a guardian proved who a child is
	TemplateWardRefused   = "ward-refused"      // or did not

	TemplateCertificateRevoked = "certificate-revoked" // the level ended with the certificate behind it
	TemplateCertificateExpired = "certificate-expired"
	TemplateSampleFailed       = "sample-failed" // people did not confirm what a source had passed
	TemplateOfficeSampleFailed = "organisation-sample-failed"

	TemplateOrganisationRestored  = "organisation-restored"  // the register had ended an organisation in error
	TemplateOrganisationCorrected = "organisation-corrected" // its code or name was corrected

	// What became of the ways to sign in; the names are those of notices of idp/authn.
	TemplateCredentialAdded   = "credential-added"
	TemplateCredentialRemoved = "credential-removed"
	TemplateCredentialFlagged = "credential-flagged"
	TemplateRecoveryCodeUsed  = "recovery-code-used"
	TemplateRecoveryCodesNew  = "recovery-codes-replaced"
	TemplateNewDevice         = "new-device"
	TemplateRecovered         = "recovered"
	TemplateNotMe             = "not-me"
	TemplateContact           = "contact-changed"

	TemplateCounterCode  = "counter-code"  // by which a citizen agrees to what is done at a counter
	TemplateCounterReset = "counter-reset" // every way to sign in ended at a counter

	// To an elder whom somebody wants to help: the code of the first call, the question of the second, and what a yes began.
	TemplateElderCode        = "elder-code"
	TemplateElderAsk         = "elder-ask"
	TemplateElderActive      = "elder-active"       // with the word that ends it
	TemplateElderActivePlain = "elder-active-plain" // where no SMS is answered
)

var templates = withMandates(map[string]Template{
	TemplateCode:     {TemplateCode, []Param{{"code", 8}, {"minutes", 3}}, true},
	TemplateReplay:   {TemplateReplay, []Param{{"app", 12}}, false},
	TemplateRegister: {TemplateRegister, nil, false},
	TemplateTest:     {TemplateTest, nil, true},

	TemplateDocumentExpiry:   {TemplateDocumentExpiry, []Param{{"document", 12}, {"date", 10}}, false},
	TemplateAccountMerged:    {TemplateAccountMerged, nil, false},
	TemplateIdentityChanged:  {TemplateIdentityChanged, nil, false},
	TemplateDocuments:        {TemplateDocuments, nil, false},
	TemplateDocumentEnded:    {TemplateDocumentEnded, nil, false},
	TemplateMobileReassigned: {TemplateMobileReassigned, nil, false},
	TemplateAccountRevived:   {TemplateAccountRevived, nil, false},
	TemplateSuspended:        {TemplateSuspended, nil, false},
	TemplateResumed:          {TemplateResumed, nil, false},
	TemplateDeletion:         {TemplateDeletion, []Param{{"date", 12}}, false},
	TemplateDeletionFinal:    {TemplateDeletionFinal, []Param{{"date", 12}}, false},

	TemplateChildDeletion:      {TemplateChildDeletion, []Param{{"whom", 8}, {"date", 12}}, false},
	TemplateChildDeletionFinal: {TemplateChildDeletionFinal, []Param{{"whom", 8}, {"date", 12}}, false},
	TemplateChildKept:          {TemplateChildKept, []Param{{"whom", 8}}, false},
	TemplateChildDeleted:       {TemplateChildDeleted, nil, false},
	TemplateChildLevelExpiry:   {TemplateChildLevelExpiry, []Param{{"whom", 8}, {"date", 10}}, false},

	TemplateCertificateUnwatched:    {TemplateCertificateUnwatched, []Param{{"date", 10}}, false},
	TemplateCertificateUnwatchedEnd: {TemplateCertificateUnwatchedEnd, nil, false},

	TemplateForgeryDecided:        {TemplateForgeryDecided, nil, false},
	TemplateSealFlagged:           {TemplateSealFlagged, []Param{{"seal", 8}, {"day", 10}}, false},
	TemplateLicenseUsed:           {TemplateLicenseUsed, []Param{{"receiver", 12}}, false},
	TemplateLicenseFrozen:         {TemplateLicenseFrozen, nil, false},
	TemplateLicensePrinted:        {TemplateLicensePrinted, nil, false},
	TemplateLicensePaperWithdrawn: {TemplateLicensePaperWithdrawn, nil, false},
	TemplateLicenseExpiring:       {TemplateLicenseExpiring, []Param{{"license", 12}, {"date", 10}}, false},
	TemplateLicenseUnfrozen:       {TemplateLicenseUnfrozen, nil, false},
	TemplateLicenseConsent:        {TemplateLicenseConsent, []Param{{"receiver", 12}, {"date", 10}}, false},
	TemplateLicenseConsentEnd:     {TemplateLicenseConsentEnd, []Param{{"receiver", 12}, {"what", 8}}, false},
	TemplateLicenseOffice:         {TemplateLicenseOffice, []Param{{"whom", 12}, {"what", 10}}, false},

	TemplateApplicationRefused: {TemplateApplicationRefused, []Param{{"license", 12}, {"date", 10}}, false},
	TemplateAppealGranted:      {TemplateAppealGranted, []Param{{"license", 12}}, false},
	TemplateAppealUpheld:       {TemplateAppealUpheld, []Param{{"license", 12}}, false},

	TemplateApplicationReturned: {TemplateApplicationReturned, []Param{{"license", 12}}, false},
	TemplateApplicationRejected: {TemplateApplicationRejected, []Param{{"license", 12}}, false},

	TemplateExport:          {TemplateExport, []Param{{"date", 12}}, false},
	TemplateDisputeAnswered: {TemplateDisputeAnswered, nil, false},
	TemplateDisputeMoved:    {TemplateDisputeMoved, nil, false},

	TemplateOrganisationRestored:  {TemplateOrganisationRestored, nil, false},
	TemplateOrganisationCorrected: {TemplateOrganisationCorrected, []Param{{"name", 8}}, false},

	TemplateLevelExpiry:   {TemplateLevelExpiry, []Param{{"date", 10}}, false},
	TemplateReviewPassed:  {TemplateReviewPassed, []Param{{"date", 10}}, false},
	TemplateReviewRefused: {TemplateReviewRefused, []Param{{"date", 10}}, false},
	TemplateDocumentBound: {TemplateDocumentBound, []Param{{"date", 10}}, false},
	TemplateRelative:      {TemplateRelative, []Param{{"who", 12}}, false},
	TemplateChildRefused:  {TemplateChildRefused, []Param{{"date", 10}}, false},
	TemplateWardPassed:    {TemplateWardPassed, []Param{{"whom", 8}, {"date", 10}}, false},
	TemplateWardRefused:   {TemplateWardRefused, []Param{{"whom", 8}, {"date", 10}}, false},

	TemplateCertificateRevoked: {TemplateCertificateRevoked, nil, false},
	TemplateCertificateExpired: {TemplateCertificateExpired, nil, false},
	TemplateSampleFailed:       {TemplateSampleFailed, nil, false},
	TemplateOfficeSampleFailed: {TemplateOfficeSampleFailed, []Param{{"name", 8}}, false},

	TemplateCredentialAdded:   {TemplateCredentialAdded, []Param{{"name", 12}}, false},
	TemplateCredentialRemoved: {TemplateCredentialRemoved, []Param{{"name", 12}}, false},
	TemplateCredentialFlagged: {TemplateCredentialFlagged, []Param{{"name", 12}}, false},
	TemplateRecoveryCodeUsed:  {TemplateRecoveryCodeUsed, nil, false},
	TemplateRecoveryCodesNew:  {TemplateRecoveryCodesNew, nil, false},
	TemplateNewDevice:         {TemplateNewDevice, []Param{{"name", 12}, {"code", 14}}, false},
	TemplateRecovered:         {TemplateRecovered, nil, false},
	TemplateNotMe:             {TemplateNotMe, nil, false},
	TemplateContact:           {TemplateContact, nil, false},

	TemplateCounterCode:  {TemplateCounterCode, []Param{{"code", 8}, {"minutes", 3}}, true},
	TemplateCounterReset: {TemplateCounterReset, nil, false},

	TemplateElderCode:        {TemplateElderCode, []Param{{"who", 6}, {"code", 8}, {"minutes", 3}}, true},
	TemplateElderAsk:         {TemplateElderAsk, []Param{{"who", 6}, {"until", 10}}, true},
	TemplateElderActive:      {TemplateElderActive, []Param{{"who", 6}, {"until", 10}}, false},
	TemplateElderActivePlain: {TemplateElderActivePlain, []Param{{"who", 6}, {"until", 10}}, false},
})

// answered are templates that somebody answers: by a key in a call, or by an SMS back. They go to providers alone that tell answers.
var answered = map[string]bool{TemplateElderAsk: true, TemplateElderActive: true}

// Answered reports whether somebody answers a template.
func Answered(template string) bool { return answered[template] }

// ForElders reports whether a template serves elders who confirm by telephone, and no deployment needs it where nobody can.
func ForElders(template string) bool { return strings.HasPrefix(template, "elder-") }

// MandateTemplate is the template of what happened to a mandate; the events are those of notices of idp/mandate.
func MandateTemplate(event string) string { return "mandate-" + event }

// mandateEvents have a template each: {who} acts for {whom}.
var mandateEvents = []string{"proposed", "active", "refused", "revoked", "expired", "ended", "ending", "frozen"}

func withMandates(all map[string]Template) map[string]Template {
	for _, event := range mandateEvents {
		name := MandateTemplate(event)
		all[name] = Template{name, []Param{{"who", 6}, {"whom", 8}, {"items", 8}, {"until", 10}}, false}
	}
	return all
}

// Templates lists all templates by name.
func Templates() []Template {
	all := slices.Collect(maps.Values(templates))
	slices.SortFunc(all, func(a, b Template) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// fill takes the declared parameters, cleaned and clipped. What is missing is empty.
func (t Template) fill(params map[string]string) map[string]string {
	filled := map[string]string{}
	for _, p := range t.Params {
		filled[p.Name] = clip(clean(params[p.Name]), p.Max)
	}
	return filled
}

// clean makes a value one line of visible text that no telephone reads as a link: without control, direction and other
// invisible characters and without the mark of an address.
func clean(value string) string {
	value = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs):
			return -1
		case unicode.IsControl(r), unicode.IsSpace(r):
			return ' '
		}
		return r
	}, value)
	value = strings.NewReplacer("://", " ", "【", "[", "】", "]").Replace(value)
	return strings.Join(strings.Fields(value), " ")
}

// clip shortens a value to at most n UTF-16 units; the last of them is then an ellipsis.
func clip(value string, n int) string {
	if units(value) <= n {
		return value
	}
	used := 1
	for i, r := range value {
		if used += unitsOf(r); used > n {
			return value[:i] + "…"
		}
	}
	return value
}

func unitsOf(r rune) int {
	if r > 0xffff {
		return 2
	}
	return 1
}

func units(text string) int {
	n := 0
	for _, r := range text {
		n += unitsOf(r)
	}
	return n
}

// Lengths of an SMS in UCS-2 (3GPP TS 23.038 clause 4, TS 23.040 clause 9.2.3.24.1): alone, and as a part of several.
const (
	OnePart  = 70
	EachPart = 67
)

// Parts counts what a text costs: one up to 70 UTF-16 units, else parts of 67, of which none splits a surrogate pair. It
// counts so for every text, since gateways here bill Latin text the same way.
func Parts(text string) int {
	if units(text) <= OnePart {
		return 1
	}
	parts, used := 1, 0
	for _, r := range text {
		n := unitsOf(r)
		if used+n > EachPart {
			parts, used = parts+1, 0
		}
		used += n
	}
	return parts
}
