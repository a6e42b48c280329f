// Code generated from codes.yaml by gen. DO NOT EDIT.

package fault

// Declared codes.
const (
	Internal                 Code = "YX-CORE-500" // Something went wrong on our side
	Malformed                Code = "YX-CORE-400" // The request is malformed
	Unauthenticated          Code = "YX-CORE-401" // Sign in first
	Forbidden                Code = "YX-CORE-403" // You are not allowed to do this
	NotFound                 Code = "YX-CORE-404" // Not found
	MethodNotAllowed         Code = "YX-CORE-405" // This address does not take the method
	Conflict                 Code = "YX-CORE-409" // It was changed by somebody else
	TooLarge                 Code = "YX-CORE-413" // The content is too large
	UnsupportedMedia         Code = "YX-CORE-415" // This content type is not supported
	Invalid                  Code = "YX-CORE-422" // Some values must be corrected
	TooManyRequests          Code = "YX-CORE-429" // Too many requests
	Unavailable              Code = "YX-CORE-503" // The service is not available just now
	CrossOrigin              Code = "YX-CORE-421" // The request came from an untrusted page and changed nothing
	LicenseBusinessNumber    Code = "YX-LIC-409"  // This business number was used for another application
	LicenseState             Code = "YX-LIC-410"  // The state of the licence does not allow this
	LicenseBusy              Code = "YX-LIC-411"  // The licence is being issued
	LicenseValues            Code = "YX-LIC-422"  // Some values of the licence must be corrected
	LicenseUndrawable        Code = "YX-LIC-423"  // A character is not in the built-in font, so the licence cannot be drawn
	LicenseInconsistent      Code = "YX-LIC-424"  // Page text, metadata and register do not agree, so it was not sealed
	LicenseFourEyes          Code = "YX-LIC-425"  // The reviewer must not be the one who entered it
	LicenseAuthority         Code = "YX-LIC-426"  // The authority is not registered, or may not issue this type
	LicenseTypeUnknown       Code = "YX-LIC-427"  // There is no such licence type
	LicenseReason            Code = "YX-LIC-428"  // Legal basis, decision number or effective time is missing
	LicenseFieldMissing      Code = "YX-LIC-430"  // This value is required
	LicenseFieldForm         Code = "YX-LIC-431"  // The form or the check character is wrong
	LicenseFieldLong         Code = "YX-LIC-432"  // The value is too long
	LicenseFieldCharacters   Code = "YX-LIC-433"  // It holds characters that are not allowed, or space at an end
	LicenseFieldUnknown      Code = "YX-LIC-434"  // The type has no such field
	LicenseFieldPeriod       Code = "YX-LIC-435"  // Begin and end of the validity do not fit
	CodeMalformed            Code = "YX-VER-400"  // This is not a presentation code
	CodeConsumed             Code = "YX-VER-409"  // This code was used before
	CodeExpired              Code = "YX-VER-410"  // This code has expired
	LookupLimited            Code = "YX-VER-429"  // Too many attempts
	ReportOver               Code = "YX-VER-430"  // The report can no longer be downloaded
	LoginFailed              Code = "YX-AUTH-101" // Account or password is wrong. {n} tries left
	LoginLocked              Code = "YX-AUTH-102" // To protect the account, try again in {m} minutes
	CodeWrong                Code = "YX-AUTH-103" // The code is wrong or no longer valid
	CodeTooOften             Code = "YX-AUTH-104" // Codes were asked for too often
	IdentifierInvalid        Code = "YX-AUTH-105" // Enter a valid mobile number or e-mail address
	PasswordRefused          Code = "YX-AUTH-106" // This password is not safe or not acceptable
	FlowLost                 Code = "YX-AUTH-107" // This sign-in is no longer valid
	Busy                     Code = "YX-AUTH-108" // Many people are signing in just now
	StepLost                 Code = "YX-AUTH-109" // This step is no longer valid
	SecondWrong              Code = "YX-AUTH-110" // The code is wrong or was used before
	SecondLocked             Code = "YX-AUTH-111" // To protect the account, try again in {m} minutes
	StrongLoginNeeded        Code = "YX-AUTH-112" // To protect the account, sign in again first
	CredentialName           Code = "YX-AUTH-113" // A name has 1 to 40 characters
	CredentialLast           Code = "YX-AUTH-114" // This is the only way into the account
	CredentialTooMany        Code = "YX-AUTH-115" // An account has at most {n} ways to sign in
	CredentialKnown          Code = "YX-AUTH-116" // This way to sign in was added before
	PasskeyRefused           Code = "YX-AUTH-117" // The passkey was not accepted
	PasskeyCloned            Code = "YX-AUTH-118" // This passkey may have been copied and is no longer accepted
	RecoveryInPerson         Code = "YX-AUTH-119" // This account is proven too well to be recovered by a number or an address
	LoginInsufficient        Code = "YX-AUTH-120" // This operation needs a surer or more recent login
	ScopeInsufficient        Code = "YX-AUTH-121" // The access token does not hold the scope of this operation
	CodeSourceBusy           Code = "YX-AUTH-150" // Too many codes were asked for from your network
	CodeCountry              Code = "YX-AUTH-151" // No text messages are sent to numbers of this country
	CodeNoSMS                Code = "YX-AUTH-152" // Text messages cannot be sent here
	CodeNoMail               Code = "YX-AUTH-153" // Mail cannot be sent here
	CodeNotOffered           Code = "YX-AUTH-154" // Sign-in by code and registration are not offered here
	CertificateInput         Code = "YX-AUTH-126" // Certificate or signature cannot be read
	RecoveryRest             Code = "YX-AUTH-127" // The password was recovered or a contact replaced within the last 24 hours; seals and mandates rest until then
	CertificateRefused       Code = "YX-AUTH-122" // The certificate was not accepted
	QRGone                   Code = "YX-AUTH-123" // This sign-in code has ended or was used
	QRNumber                 Code = "YX-AUTH-124" // The two digits differ, so the sign-in was refused
	WorkNeeded               Code = "YX-AUTH-125" // Many passwords were tried from your network; please submit once more
	QuestionNeeded           Code = "YX-AUTH-764" // Type the four digits of the page in order
	CodesOfHourUsed          Code = "YX-AUTH-825" // No more codes can be asked for within this hour
	CodesOfDayUsed           Code = "YX-AUTH-826" // No more codes can be asked for today
	UpstreamUnknown          Code = "YX-AUTH-301" // This way of signing in is not available
	UpstreamRefused          Code = "YX-AUTH-302" // Signing in through that platform did not work
	UpstreamSilent           Code = "YX-AUTH-303" // That platform is not answering
	LinkNeeded               Code = "YX-AUTH-304" // Sign in the way you did before, then link that platform
	LinkStale                Code = "YX-AUTH-305" // To protect the account, sign in again first
	LinkLast                 Code = "YX-AUTH-306" // This is the only way into the account
	ActingOver               Code = "YX-AUTH-620" // You cannot act for this person or organisation now
	ActingRight              Code = "YX-AUTH-621" // Your mandate does not include this right
	ActingItem               Code = "YX-AUTH-622" // Your mandate does not name this kind of licence
	ContactTaken             Code = "YX-AUTH-680" // This number or address belongs to another account
	ContactOwn               Code = "YX-AUTH-681" // This is your number or address already
	MandateAgent             Code = "YX-AUTH-701" // No verified person has this name with this number or address
	MandateTerms             Code = "YX-AUTH-702" // The mandate is wider or longer than is allowed
	MandateState             Code = "YX-AUTH-703" // This mandate was answered or has ended
	MandateLimit             Code = "YX-AUTH-704" // There are as many mandates of this kind as are allowed
	MandateLogin             Code = "YX-AUTH-705" // To protect you, sign in again first
	MandateLevel             Code = "YX-AUTH-706" // The real-name tier is too low
	OrganisationCode         Code = "YX-AUTH-711" // The unified social credit code is not valid
	OrganisationMismatch     Code = "YX-AUTH-712" // Name, code and you as legal representative do not belong together
	OrganisationEnded        Code = "YX-AUTH-713" // The organisation is no longer registered
	RegisterSilent           Code = "YX-AUTH-714" // The register is not answering
	ChildAge                 Code = "YX-AUTH-721" // The age does not fit this kind of link
	ChildMismatch            Code = "YX-AUTH-722" // The register does not name you as guardian of this child
	RecoveryNotProved        Code = "YX-AUTH-742" // This way did not recover an account
	RecoverySilent           Code = "YX-AUTH-743" // The checking source is not answering, so there is no result yet
	CodeNoCall               Code = "YX-AUTH-744" // This number cannot be called
	ProofingMismatch         Code = "YX-IDV-201"  // Name and ID number do not match. Check and try again
	ProofingNumber           Code = "YX-IDV-202"  // The ID number is not valid
	ProofingName             Code = "YX-IDV-203"  // Enter the name as on the document
	ProofingTooOften         Code = "YX-IDV-204"  // No more tries today
	IdentityBound            Code = "YX-IDV-205"  // This identity cannot be proofed for this account
	ProofingMobile           Code = "YX-IDV-206"  // The mobile number is not in your name
	ProofingKind             Code = "YX-IDV-207"  // This kind of document cannot be checked online here
	ProofingNumberLength     Code = "YX-IDV-208"  // The number has {want} characters; {length} were entered
	ProofingNumberCharacter  Code = "YX-IDV-209"  // Character {n} of the number cannot stand there
	ProofingNumberDate       Code = "YX-IDV-210"  // The date of birth in the number does not exist
	ProofingNumberCheck      Code = "YX-IDV-211"  // The check digit is wrong. Compare each character
	ProofingNumberLegacy     Code = "YX-IDV-212"  // Numbers of 15 digits are no longer in use. Enter the 18-character number
	ProofingNumberArea       Code = "YX-IDV-213"  // Numbers of this kind of document do not begin like this
	ProofingNumberKind       Code = "YX-IDV-214"  // Choose “{document}” instead
	ProofingNumberCountry    Code = "YX-IDV-215"  // The country code in the number and the nationality differ
	ProofingNationality      Code = "YX-IDV-216"  // Choose the nationality on the document
	ProofingBirth            Code = "YX-IDV-217"  // Enter the date of birth, for example 1990-01-31
	ProofingExpiry           Code = "YX-IDV-218"  // Enter the date of expiry, for example 2030-01-31
	ProofingExpired          Code = "YX-IDV-219"  // The document has expired. Renew it first
	ProofingZoneLines        Code = "YX-IDV-220"  // The machine readable lines are two, with 44 characters each
	ProofingZone             Code = "YX-IDV-221"  // The machine readable lines do not hold from line {line}, character {at}
	ProofingZoneDiffers      Code = "YX-IDV-222"  // The machine readable lines and the fields differ
	ProofingNameLookalike    Code = "YX-IDV-223"  // Character {n} of the name only looks right. Write {suggest}
	ProofingNameCharacter    Code = "YX-IDV-224"  // Character {n} cannot stand in a name
	ProofingNamePrivate      Code = "YX-IDV-225"  // Character {n} of the name has a private code that others cannot read
	ProofingNameInvisible    Code = "YX-IDV-226"  // Character {n} of the name is invisible. Type the name again
	ProofingNameMixed        Code = "YX-IDV-227"  // Character {n} of the name is of another script
	ProofingNameOutside      Code = "YX-IDV-228"  // Character {n} of the name is not in GB 18030-2022
	ProofingNameScript       Code = "YX-IDV-229"  // Write the name in the script of the document: {document}
	ProofingNameLong         Code = "YX-IDV-230"  // The name is too long
	MergeImpossible          Code = "YX-IDV-240"  // These two accounts cannot be merged online
	MergeStale               Code = "YX-IDV-241"  // To protect the account, sign in again before merging
	MergeUnproven            Code = "YX-IDV-242"  // Neither account has a proven name. Prove it for one of them first
	MergePassword            Code = "YX-IDV-243"  // This account has a high tier. Show control of it by its password
	MergeSecond              Code = "YX-IDV-246"  // That account has a second factor
	MergeSame                Code = "YX-IDV-244"  // That is the account you are signed in to
	CorrectionKind           Code = "YX-IDV-250"  // There is no such correction or event
	CorrectionEmpty          Code = "YX-IDV-251"  // This value is required
	CorrectionUnproven       Code = "YX-IDV-252"  // The account has no proven identity to correct
	CorrectionSelf           Code = "YX-IDV-253"  // Another person must approve it, and nobody decides on the own identity
	ProofingAway             Code = "YX-IDV-400"  // The service of this way is not answering
	ProofingPending          Code = "YX-IDV-401"  // The other service has no result yet
	ProofingElsewhere        Code = "YX-IDV-402"  // This way did not confirm you
	ProofingConsent          Code = "YX-IDV-403"  // Read the notice and agree to it, or take another way
	ProofingCard             Code = "YX-IDV-404"  // The card is not yours at its bank
	ProofingCardNumber       Code = "YX-IDV-405"  // This is not a card number
	ProofingAge              Code = "YX-IDV-406"  // This way is not for your age
	ProofingGuardian         Code = "YX-IDV-407"  // Below 14 a guardian has to do this
	ProofingFirst            Code = "YX-IDV-408"  // Prove name and document number first
	ProofingNameless         Code = "YX-IDV-409"  // You are known by a network identity, without a name
	ProofingPhoto            Code = "YX-IDV-410"  // Upload JPEG or PNG pictures of at most 2 MB each
	ReviewConflict           Code = "YX-IDV-411"  // You may not review this case
	ReviewReason             Code = "YX-IDV-412"  // Give a reason
	ReviewState              Code = "YX-IDV-413"  // This case was decided already
	ReviewWaiting            Code = "YX-IDV-414"  // A case of yours is being reviewed
	ProofingCertificateOther Code = "YX-IDV-450"  // The certificate names somebody else than you proved to be
	ProofingCertificateBare  Code = "YX-IDV-451"  // The certificate carries no name or number that can be used here
	ProofingCertificateKind  Code = "YX-IDV-452"  // The certificate does not carry this kind of document
	TransferAccount          Code = "YX-IDV-453"  // This is not the number of a bank account
	TransferMismatch         Code = "YX-IDV-454"  // The account is not in the organisation's name
	TransferAmount           Code = "YX-IDV-455"  // This is not the amount that was transferred
	TransferVoid             Code = "YX-IDV-456"  // Three wrong amounts. This transfer counts no more
	TransferOpen             Code = "YX-IDV-457"  // A transfer is on its way already
	TransferNone             Code = "YX-IDV-458"  // No transfer waits for its amount, or it is older than seven days
	DocumentHeld             Code = "YX-IDV-480"  // This document is in your account already
	DocumentLast             Code = "YX-IDV-481"  // This is your only document in use and cannot be retired
	DocumentMany             Code = "YX-IDV-482"  // The account holds as many documents as it can
	GuardianLevel            Code = "YX-IDV-500"  // Your real-name level is not enough to open an account for a child
	GuardianAge              Code = "YX-IDV-501"  // A guardian has to be 18 or older
	ChildRelation            Code = "YX-IDV-502"  // Say what you are to the child
	ProofingSilent           Code = "YX-IDV-503"  // The checking source is not answering. Your details are saved and we will tell you when it is back
	GuardianCounter          Code = "YX-IDV-504"  // A child's account cannot be opened online here
	GuardianPage             Code = "YX-IDV-505"  // Pictures of the household record are needed here, which staff look at
	DocumentDiffers          Code = "YX-IDV-506"  // What this document tells is not what you proved
	RelativeNeeded           Code = "YX-IDV-507"  // A family mandate is for declared relatives only
	RelativeDeclared         Code = "YX-IDV-508"  // You and this person are declared already
	RelativeWord             Code = "YX-IDV-509"  // Say what the other person is to you
	RelativeMany             Code = "YX-IDV-510"  // There are as many declared relatives as can be
	WardOver                 Code = "YX-IDV-620"  // You do not decide for the child any more
	WardSession              Code = "YX-IDV-621"  // Look at the result where you began
	ReviewCode               Code = "YX-IDV-664"  // Choose why it does not pass
	ReviewKind               Code = "YX-IDV-665"  // This kind of case has no such decision
	CaseDecided              Code = "YX-IDV-685"  // This proof is decided and cannot be taken back
	ClientUnknown            Code = "YX-OIDC-101" // This application cannot sign you in here
	RedirectUnknown          Code = "YX-OIDC-102" // The redirect address is not registered
	RequestInvalid           Code = "YX-OIDC-103" // The sign-in request is not valid
	ClientMetadata           Code = "YX-OIDC-104" // The client's registration is not valid: {field}
	RequestURIInvalid        Code = "YX-OIDC-105" // The sign-in request was used before or has expired
	DeviceCode               Code = "YX-OIDC-110" // The code is not right, or too old
	ServiceUnknown           Code = "YX-OIDC-201" // This system cannot sign you in here
	LevelUnmet               Code = "YX-OIDC-202" // The level that this system needs cannot be reached
	TicketRefused            Code = "YX-OIDC-203" // The ticket is not valid or was used
	SignatureRefused         Code = "YX-OIDC-204" // The signature is wrong or too old
	RecipientDepartment      Code = "YX-OIDC-244" // A recipient is the identifier of a department in use, from the list of departments
	RecipientItself          Code = "YX-OIDC-245" // The department of the application itself is no recipient
	RecipientTwice           Code = "YX-OIDC-246" // Registered twice: {what}
	RecipientClaims          Code = "YX-OIDC-247" // A recipient gets 1 to {most} claims
	RecipientClaim           Code = "YX-OIDC-248" // The claim {claim} does not exist, or the application itself does not get it
	RecipientPurpose         Code = "YX-OIDC-249" // Say what it is for, in at most {most} characters
	RecipientBasis           Code = "YX-OIDC-250" // What a law gives has its citation (at most {most} characters); what the person agrees to has none
	RecipientRetention       Code = "YX-OIDC-251" // The days of retention are a whole number from 1 to {most}
	RecipientsMany           Code = "YX-OIDC-252" // There are at most {most} recipients
	SealUnfit                Code = "YX-SEAL-301" // The seal cannot be made so
	SealSamePerson           Code = "YX-SEAL-302" // Applying, reviewing and making need different people
	SealState                Code = "YX-SEAL-303" // The state of the seal does not allow this
	SealCodeTaken            Code = "YX-SEAL-304" // This seal code is taken
	SealReason               Code = "YX-SEAL-305" // Give a reason
	SealField                Code = "YX-SEAL-306" // The value is missing, too long or malformed
	SealDrawing              Code = "YX-SEAL-307" // The words do not fit on the seal, or a character is not in the font
	SealSuspended            Code = "YX-SEAL-310" // The seal is not in use
	DocumentRefused          Code = "YX-SEAL-311" // The document cannot be sealed: {why}
	StampKeyReused           Code = "YX-SEAL-312" // The idempotency key was used for another request
	SealNotValid             Code = "YX-SEAL-313" // The seal is outside its validity, or does not verify
	SealCertificate          Code = "YX-SEAL-314" // The certificate of the seal cannot be used
	StampPlace               Code = "YX-SEAL-315" // The place is not on a page of the document
	DocumentLocked           Code = "YX-SEAL-316" // The document allows no further seal
	DocumentNotApproved      Code = "YX-SEAL-317" // This is not the document that was approved
	StampBusy                Code = "YX-SEAL-318" // The same request is being carried out
	DocumentAltered          Code = "YX-SEAL-319" // A signature in the document does not hold, so it cannot be sealed
	StampKeyword             Code = "YX-SEAL-360" // The text to seal over was not found in the document
	StampStraddle            Code = "YX-SEAL-361" // A straddle seal needs two pages, or two sheets printed on both sides
	BatchArchive             Code = "YX-SEAL-362" // The archive cannot be sealed as a batch
	StampKeywordPDF          Code = "YX-SEAL-422" // The place of a seal cannot be found by a text in a PDF document
	StampValueKind           Code = "YX-SEAL-423" // A document of this kind cannot have a value of this form
	SealUseUnapproved        Code = "YX-SEAL-442" // This use of the seal needs an approval first
	SealUseState             Code = "YX-SEAL-443" // The approval is not given yet, or is no longer in force
	SealUseOther             Code = "YX-SEAL-444" // This is not the use that was approved
	SealUseSamePerson        Code = "YX-SEAL-445" // Somebody else has to decide
	SealUseDigest            Code = "YX-SEAL-446" // The request is not what you read
	SealReplacesNone         Code = "YX-SEAL-450" // There is no such seal to replace
	SealReplacesOther        Code = "YX-SEAL-451" // A seal is replaced by one of the same organisation
	SealReplacedAlready      Code = "YX-SEAL-452" // Another seal replaces this one already
	SealLostSince            Code = "YX-SEAL-453" // The time of the loss is not right
	SealFiling               Code = "YX-SEAL-454" // What is entered of the filing is not right
	SealFiled                Code = "YX-SEAL-455" // The seal is on file already
	SealUnfiled              Code = "YX-SEAL-456" // The seal is not on file, so it cannot be put into use
	AdminStale               Code = "YX-ADM-101"  // You signed in more than 15 minutes ago; sign in again to make changes
	AdminRolesMixed          Code = "YX-ADM-102"  // System, security and audit administrator cannot be one person
	AdminReason              Code = "YX-ADM-103"  // Give a reason
	AdminChanged             Code = "YX-ADM-104"  // It has changed meanwhile
	AdminMatchNeeded         Code = "YX-ADM-105"  // A change must name the version that was read (If-Match)
	AdminConfirm             Code = "YX-ADM-106"  // More or fewer are affected than was confirmed
	ClientRetired            Code = "YX-ADM-107"  // The client was retired for good
	VocabularyInUse          Code = "YX-ADM-108"  // {name} is in use: it can be neither removed nor widened
	AccountStep              Code = "YX-ADM-109"  // The account is not in a state for this
	ImportUnreadable         Code = "YX-ADM-130"  // The file cannot be read as described
	ImportBegun              Code = "YX-ADM-131"  // An import of this file was begun and not finished
	ImportBusy               Code = "YX-ADM-132"  // Another import is running
	OrganisationKnown        Code = "YX-ADM-153"  // The register says something else of the organisation by now
	OrganisationUntil        Code = "YX-ADM-154"  // The day is between tomorrow and a year from now
	RecordsMany              Code = "YX-RGT-101"  // There are too many records for one file
	ClaimNotRefusable        Code = "YX-RGT-102"  // This is given by law and cannot be stopped alone
	DeletionBlocked          Code = "YX-RGT-103"  // Something must be settled before the account can be deleted
	HoldTime                 Code = "YX-RGT-104"  // A hold ends within five years from now
	LoginNotFresh            Code = "YX-RGT-105"  // Sign in again first
	DisputeText              Code = "YX-RGT-106"  // Write 1 to 1000 characters
	DisputeState             Code = "YX-RGT-107"  // This cannot be done now
	ExportBusy               Code = "YX-RGT-108"  // A copy is being made, or was asked for just now
	PassphraseUnfit          Code = "YX-RGT-168"  // This passphrase cannot be used
	PassphraseDiffers        Code = "YX-RGT-169"  // The two passphrases differ
	DisputeSelf              Code = "YX-RGT-190"  // Nobody answers the own question
	DisputeCorrected         Code = "YX-RGT-191"  // The platform has stepped in once already
	ProposalSelf             Code = "YX-STF-001"  // Another person must decide, and nobody decides on the own case
	ProposalClosed           Code = "YX-STF-002"  // The proposal was decided or withdrawn already
	ProposalChanged          Code = "YX-STF-003"  // It is no longer what you read; nothing was done
	ProposalExpired          Code = "YX-STF-004"  // The proposal has expired
	ProposalClaimed          Code = "YX-STF-005"  // Somebody else has taken it
	AreaCode                 Code = "YX-STF-010"  // An area code has 6 or 12 digits
	AreaUnknown              Code = "YX-STF-011"  // There is no area {code}
	AreaParent               Code = "YX-STF-012"  // The area above is not right, or cannot become another one
	AreaName                 Code = "YX-STF-013"  // A name has 1 to 100 characters
	DepartmentID             Code = "YX-STF-014"  // A department is named by letters, digits, - and _, 64 at most
	StaffUnknown             Code = "YX-STF-020"  // There is no such member of staff
	RightRole                Code = "YX-STF-021"  // This role cannot be given
	RightTerm                Code = "YX-STF-022"  // A right ends after today and within three years
	RightTooWide             Code = "YX-STF-023"  // It reaches further or lasts longer than your own right
	RightMany                Code = "YX-STF-024"  // Nobody holds more than {n} rights at once
	StaffSecondFactor        Code = "YX-STF-030"  // Staff sign in with a second step
	StaffLogin               Code = "YX-STF-040"  // A login name has 1 to 64 letters, digits, - _ . or @, and is no mobile number
	StaffName                Code = "YX-STF-041"  // A name has 1 to 60 characters
	DepartmentUnknown        Code = "YX-STF-042"  // There is no such department, or it has ended
	StaffAccount             Code = "YX-STF-043"  // That account has not proved an identity, so it cannot be linked
	StaffDocument            Code = "YX-STF-044"  // The kind or number of the document is not right
	StaffTaken               Code = "YX-STF-045"  // The login name is somebody else's
	StaffHuman               Code = "YX-STF-046"  // This person has an account of staff already
	StaffNotNew              Code = "YX-STF-047"  // The account does not wait for its enrolment
	StaffUnbound             Code = "YX-STF-048"  // This account of staff is bound to no person
	StaffState               Code = "YX-STF-049"  // The account is not in a state for this
	EnrolCode                Code = "YX-STF-050"  // The login name or the code is not right, or the code is over
	StaffEnrolStep           Code = "YX-STF-051"  // The enrolment took too long
	StaffLinkNeeded          Code = "YX-STF-640"  // This login of the source is linked to no account of staff
	StaffLinked              Code = "YX-STF-641"  // The account, or the login of the source, is linked already
	StaffSubject             Code = "YX-STF-642"  // The identifier at the source has 1 to 255 characters
	StaffBound               Code = "YX-STF-643"  // The account is bound to a person already, or closed
	StaffTokenMany           Code = "YX-STF-660"  // There are as many tokens as may work at a time
	StaffTokenRoles          Code = "YX-STF-661"  // Choose at least one of the roles that you hold
	StaffTokenName           Code = "YX-STF-662"  // Say what the token is for
	StaffOnly                Code = "YX-STF-663"  // Only a member of staff does this
	OutsideArea              Code = "YX-STF-060"  // The organisation is not of your area
	CounterLogin             Code = "YX-CTR-001"  // The counter needs a login by two factors
	CounterTerminal          Code = "YX-CTR-002"  // This terminal is not registered, or was taken out of service
	CounterCode              Code = "YX-CTR-003"  // The code is wrong or no longer valid
	CounterName              Code = "YX-CTR-004"  // Name the terminal
	CounterReaderKey         Code = "YX-CTR-005"  // The reader's key cannot be read
	CounterReader            Code = "YX-CTR-006"  // The message of the reader was refused
	CounterNumber            Code = "YX-CTR-007"  // Give the number that was called
	CounterNoCard            Code = "YX-CTR-008"  // No card was read
	CounterCard              Code = "YX-CTR-009"  // What the card says does not hold together
	CounterCardDates         Code = "YX-CTR-010"  // The dates of the card are wrong
	CounterSecond            Code = "YX-CTR-011"  // Typing a document needs another clerk
	CounterSelf              Code = "YX-CTR-012"  // Nobody serves oneself or a relative
	CounterVisit             Code = "YX-CTR-013"  // This visit is over
	CounterActs              Code = "YX-CTR-014"  // Choose what is to be done
	CounterWay               Code = "YX-CTR-015"  // Choose how the person agrees
	CounterAgreement         Code = "YX-CTR-016"  // The person has not agreed yet
	CounterDone              Code = "YX-CTR-017"  // This was done in this visit
	CounterPhone             Code = "YX-CTR-018"  // This number cannot be used for the account
	CounterPhoneCode         Code = "YX-CTR-019"  // A mobile number needs a text message
	CounterPass              Code = "YX-CTR-020"  // The document number or the pass is wrong
	CounterScan              Code = "YX-CTR-021"  // Give the scan of the signed form
	CounterRetry             Code = "YX-CTR-040"  // This cannot be tried again
	CounterAccount           Code = "YX-CTR-041"  // The account is suspended or closed
	CounterMinor             Code = "YX-CTR-042"  // No minor with this name and number has an account
	CounterHanded            Code = "YX-CTR-062"  // The copy cannot be handed over, or was already
)

var order = []Code{Internal, Malformed, Unauthenticated, Forbidden, NotFound, MethodNotAllowed, Conflict, TooLarge, UnsupportedMedia, Invalid, TooManyRequests, Unavailable, CrossOrigin, LicenseBusinessNumber, LicenseState, LicenseBusy, LicenseValues, LicenseUndrawable, LicenseInconsistent, LicenseFourEyes, LicenseAuthority, LicenseTypeUnknown, LicenseReason, LicenseFieldMissing, LicenseFieldForm, LicenseFieldLong, LicenseFieldCharacters, LicenseFieldUnknown, LicenseFieldPeriod, CodeMalformed, CodeConsumed, CodeExpired, LookupLimited, ReportOver, LoginFailed, LoginLocked, CodeWrong, CodeTooOften, IdentifierInvalid, PasswordRefused, FlowLost, Busy, StepLost, SecondWrong, SecondLocked, StrongLoginNeeded, CredentialName, CredentialLast, CredentialTooMany, CredentialKnown, PasskeyRefused, PasskeyCloned, RecoveryInPerson, LoginInsufficient, ScopeInsufficient, CodeSourceBusy, CodeCountry, CodeNoSMS, CodeNoMail, CodeNotOffered, CertificateInput, RecoveryRest, CertificateRefused, QRGone, QRNumber, WorkNeeded, QuestionNeeded, CodesOfHourUsed, CodesOfDayUsed, UpstreamUnknown, UpstreamRefused, UpstreamSilent, LinkNeeded, LinkStale, LinkLast, ActingOver, ActingRight, ActingItem, ContactTaken, ContactOwn, MandateAgent, MandateTerms, MandateState, MandateLimit, MandateLogin, MandateLevel, OrganisationCode, OrganisationMismatch, OrganisationEnded, RegisterSilent, ChildAge, ChildMismatch, RecoveryNotProved, RecoverySilent, CodeNoCall, ProofingMismatch, ProofingNumber, ProofingName, ProofingTooOften, IdentityBound, ProofingMobile, ProofingKind, ProofingNumberLength, ProofingNumberCharacter, ProofingNumberDate, ProofingNumberCheck, ProofingNumberLegacy, ProofingNumberArea, ProofingNumberKind, ProofingNumberCountry, ProofingNationality, ProofingBirth, ProofingExpiry, ProofingExpired, ProofingZoneLines, ProofingZone, ProofingZoneDiffers, ProofingNameLookalike, ProofingNameCharacter, ProofingNamePrivate, ProofingNameInvisible, ProofingNameMixed, ProofingNameOutside, ProofingNameScript, ProofingNameLong, MergeImpossible, MergeStale, MergeUnproven, MergePassword, MergeSecond, MergeSame, CorrectionKind, CorrectionEmpty, CorrectionUnproven, CorrectionSelf, ProofingAway, ProofingPending, ProofingElsewhere, ProofingConsent, ProofingCard, ProofingCardNumber, ProofingAge, ProofingGuardian, ProofingFirst, ProofingNameless, ProofingPhoto, ReviewConflict, ReviewReason, ReviewState, ReviewWaiting, ProofingCertificateOther, ProofingCertificateBare, ProofingCertificateKind, TransferAccount, TransferMismatch, TransferAmount, TransferVoid, TransferOpen, TransferNone, DocumentHeld, DocumentLast, DocumentMany, GuardianLevel, GuardianAge, ChildRelation, ProofingSilent, GuardianCounter, GuardianPage, DocumentDiffers, RelativeNeeded, RelativeDeclared, RelativeWord, RelativeMany, WardOver, WardSession, ReviewCode, ReviewKind, CaseDecided, ClientUnknown, RedirectUnknown, RequestInvalid, ClientMetadata, RequestURIInvalid, DeviceCode, ServiceUnknown, LevelUnmet, TicketRefused, SignatureRefused, RecipientDepartment, RecipientItself, RecipientTwice, RecipientClaims, RecipientClaim, RecipientPurpose, RecipientBasis, RecipientRetention, RecipientsMany, SealUnfit, SealSamePerson, SealState, SealCodeTaken, SealReason, SealField, SealDrawing, SealSuspended, DocumentRefused, StampKeyReused, SealNotValid, SealCertificate, StampPlace, DocumentLocked, DocumentNotApproved, StampBusy, DocumentAltered, StampKeyword, StampStraddle, BatchArchive, StampKeywordPDF, StampValueKind, SealUseUnapproved, SealUseState, SealUseOther, SealUseSamePerson, SealUseDigest, SealReplacesNone, SealReplacesOther, SealReplacedAlready, SealLostSince, SealFiling, SealFiled, SealUnfiled, AdminStale, AdminRolesMixed, AdminReason, AdminChanged, AdminMatchNeeded, AdminConfirm, ClientRetired, VocabularyInUse, AccountStep, ImportUnreadable, ImportBegun, ImportBusy, OrganisationKnown, OrganisationUntil, RecordsMany, ClaimNotRefusable, DeletionBlocked, HoldTime, LoginNotFresh, DisputeText, DisputeState, ExportBusy, PassphraseUnfit, PassphraseDiffers, DisputeSelf, DisputeCorrected, ProposalSelf, ProposalClosed, ProposalChanged, ProposalExpired, ProposalClaimed, AreaCode, AreaUnknown, AreaParent, AreaName, DepartmentID, StaffUnknown, RightRole, RightTerm, RightTooWide, RightMany, StaffSecondFactor, StaffLogin, StaffName, DepartmentUnknown, StaffAccount, StaffDocument, StaffTaken, StaffHuman, StaffNotNew, StaffUnbound, StaffState, EnrolCode, StaffEnrolStep, StaffLinkNeeded, StaffLinked, StaffSubject, StaffBound, StaffTokenMany, StaffTokenRoles, StaffTokenName, StaffOnly, OutsideArea, CounterLogin, CounterTerminal, CounterCode, CounterName, CounterReaderKey, CounterReader, CounterNumber, CounterNoCard, CounterCard, CounterCardDates, CounterSecond, CounterSelf, CounterVisit, CounterActs, CounterWay, CounterAgreement, CounterDone, CounterPhone, CounterPhoneCode, CounterPass, CounterScan, CounterRetry, CounterAccount, CounterMinor, CounterHanded}

var catalogue = map[Code]Meta{
	Internal:                 {Code: Internal, Status: 500, Retryable: true, Title: Text{"zh-CN": "平台内部出错", "en": "Something went wrong on our side"}, Hint: Text{"zh-CN": "请稍后重试；若仍不成功，请提供求助码。", "en": "Try again later. If it happens again, tell us the support code."}},
	Malformed:                {Code: Malformed, Status: 400, Retryable: false, Title: Text{"zh-CN": "请求格式不正确", "en": "The request is malformed"}, Hint: Text{"zh-CN": "请对照接口文档检查请求。", "en": "Check the request against the API document."}},
	Unauthenticated:          {Code: Unauthenticated, Status: 401, Retryable: false, Title: Text{"zh-CN": "请先登录", "en": "Sign in first"}, Hint: Text{"zh-CN": "登录后再试。", "en": "Sign in and try again."}},
	Forbidden:                {Code: Forbidden, Status: 403, Retryable: false, Title: Text{"zh-CN": "您没有此项权限", "en": "You are not allowed to do this"}, Hint: Text{"zh-CN": "请联系本单位管理员。", "en": "Ask the administrator of your organisation."}},
	NotFound:                 {Code: NotFound, Status: 404, Retryable: false, Title: Text{"zh-CN": "未找到", "en": "Not found"}, Hint: Text{"zh-CN": "请核对地址或编号。", "en": "Check the address or the number."}},
	MethodNotAllowed:         {Code: MethodNotAllowed, Status: 405, Retryable: false, Title: Text{"zh-CN": "此地址不支持该请求方法", "en": "This address does not take the method"}, Hint: Text{"zh-CN": "请对照接口文档检查请求方法。", "en": "Check the method against the API document."}},
	Conflict:                 {Code: Conflict, Status: 409, Retryable: false, Title: Text{"zh-CN": "内容已被他人更改", "en": "It was changed by somebody else"}, Hint: Text{"zh-CN": "请刷新后再试。", "en": "Reload and try again."}},
	TooLarge:                 {Code: TooLarge, Status: 413, Retryable: false, Title: Text{"zh-CN": "内容超过大小上限", "en": "The content is too large"}, Hint: Text{"zh-CN": "上限为 {limit}。", "en": "The limit is {limit}."}},
	UnsupportedMedia:         {Code: UnsupportedMedia, Status: 415, Retryable: false, Title: Text{"zh-CN": "不支持此内容类型", "en": "This content type is not supported"}, Hint: Text{"zh-CN": "请使用接口文档所列类型。", "en": "Use a type that the API document lists."}},
	Invalid:                  {Code: Invalid, Status: 422, Retryable: false, Title: Text{"zh-CN": "有内容需要更正", "en": "Some values must be corrected"}, Hint: Text{"zh-CN": "请按提示更正后再提交。", "en": "Correct the marked values and submit again."}},
	TooManyRequests:          {Code: TooManyRequests, Status: 429, Retryable: true, Title: Text{"zh-CN": "操作太频繁", "en": "Too many requests"}, Hint: Text{"zh-CN": "请稍后再试。", "en": "Wait a little and try again."}},
	Unavailable:              {Code: Unavailable, Status: 503, Retryable: true, Title: Text{"zh-CN": "服务暂时不可用", "en": "The service is not available just now"}, Hint: Text{"zh-CN": "请稍后重试，您的内容没有丢失。", "en": "Try again later. Nothing was lost."}},
	CrossOrigin:              {Code: CrossOrigin, Status: 403, Retryable: false, Title: Text{"zh-CN": "请求来源不可信，未做任何更改", "en": "The request came from an untrusted page and changed nothing"}, Hint: Text{"zh-CN": "请从本网站页面重新操作。", "en": "Start again from a page of this site."}},
	LicenseBusinessNumber:    {Code: LicenseBusinessNumber, Status: 409, Retryable: false, Title: Text{"zh-CN": "该业务编号已用于内容不同的申请", "en": "This business number was used for another application"}, Hint: Text{"zh-CN": "请核对业务编号；同一业务重复提交时内容须一致。", "en": "Check the business number. A repeated submission must have the same content."}},
	LicenseState:             {Code: LicenseState, Status: 409, Retryable: false, Title: Text{"zh-CN": "证照当前状态不允许此操作", "en": "The state of the licence does not allow this"}, Hint: Text{"zh-CN": "请刷新后查看证照状态。", "en": "Reload and look at the state of the licence."}},
	LicenseBusy:              {Code: LicenseBusy, Status: 409, Retryable: true, Title: Text{"zh-CN": "该证照正在签发", "en": "The licence is being issued"}, Hint: Text{"zh-CN": "请稍后查看结果，无需重复提交。", "en": "Look again in a little while. There is no need to submit again."}},
	LicenseValues:            {Code: LicenseValues, Status: 422, Retryable: false, Title: Text{"zh-CN": "证照内容有误", "en": "Some values of the licence must be corrected"}, Hint: Text{"zh-CN": "请更正标出的内容。", "en": "Correct the marked values."}},
	LicenseUndrawable:        {Code: LicenseUndrawable, Status: 422, Retryable: false, Title: Text{"zh-CN": "含有字库中没有的字，无法制证", "en": "A character is not in the built-in font, so the licence cannot be drawn"}, Hint: Text{"zh-CN": "请联系运维人员配置生僻字字库后再试。", "en": "Ask the operator to configure a font with rare characters."}},
	LicenseInconsistent:      {Code: LicenseInconsistent, Status: 422, Retryable: false, Title: Text{"zh-CN": "版面、元数据与登记内容不一致，已拒绝用印", "en": "Page text, metadata and register do not agree, so it was not sealed"}, Hint: Text{"zh-CN": "请联系运维人员检查证照模板。", "en": "Ask the operator to check the template of the licence."}},
	LicenseFourEyes:          {Code: LicenseFourEyes, Status: 403, Retryable: false, Title: Text{"zh-CN": "复核人不能是录入人", "en": "The reviewer must not be the one who entered it"}, Hint: Text{"zh-CN": "请由另一位工作人员复核。", "en": "Let another officer review it."}},
	LicenseAuthority:         {Code: LicenseAuthority, Status: 422, Retryable: false, Title: Text{"zh-CN": "颁发机构未登记，或无权颁发此类证照", "en": "The authority is not registered, or may not issue this type"}, Hint: Text{"zh-CN": "请核对颁发机构代码和证照类型。", "en": "Check the code of the authority and the licence type."}},
	LicenseTypeUnknown:       {Code: LicenseTypeUnknown, Status: 422, Retryable: false, Title: Text{"zh-CN": "没有这种证照类型", "en": "There is no such licence type"}, Hint: Text{"zh-CN": "请从证照目录中选择类型代码。", "en": "Choose a type code from the catalogue."}},
	LicenseReason:            {Code: LicenseReason, Status: 422, Retryable: false, Title: Text{"zh-CN": "缺少法律依据、决定文号或生效时间", "en": "Legal basis, decision number or effective time is missing"}, Hint: Text{"zh-CN": "请补充后再提交。", "en": "Add it and submit again."}},
	LicenseFieldMissing:      {Code: LicenseFieldMissing, Status: 422, Retryable: false, Title: Text{"zh-CN": "此项必填", "en": "This value is required"}, Hint: Text{"zh-CN": "请填写。", "en": "Fill it in."}},
	LicenseFieldForm:         {Code: LicenseFieldForm, Status: 422, Retryable: false, Title: Text{"zh-CN": "格式或校验码不正确", "en": "The form or the check character is wrong"}, Hint: Text{"zh-CN": "请对照原件核对。", "en": "Compare it with the original."}},
	LicenseFieldLong:         {Code: LicenseFieldLong, Status: 422, Retryable: false, Title: Text{"zh-CN": "内容太长", "en": "The value is too long"}, Hint: Text{"zh-CN": "请缩短。", "en": "Shorten it."}},
	LicenseFieldCharacters:   {Code: LicenseFieldCharacters, Status: 422, Retryable: false, Title: Text{"zh-CN": "含有不允许的字符或首尾空格", "en": "It holds characters that are not allowed, or space at an end"}, Hint: Text{"zh-CN": "请删除后重填。", "en": "Remove them."}},
	LicenseFieldUnknown:      {Code: LicenseFieldUnknown, Status: 422, Retryable: false, Title: Text{"zh-CN": "该证照类型没有此项", "en": "The type has no such field"}, Hint: Text{"zh-CN": "请查看证照目录。", "en": "See the catalogue."}},
	LicenseFieldPeriod:       {Code: LicenseFieldPeriod, Status: 422, Retryable: false, Title: Text{"zh-CN": "有效期起止不正确", "en": "Begin and end of the validity do not fit"}, Hint: Text{"zh-CN": "请核对日期。", "en": "Check the dates."}},
	CodeMalformed:            {Code: CodeMalformed, Status: 400, Retryable: false, Title: Text{"zh-CN": "这不是有效的亮证码", "en": "This is not a presentation code"}, Hint: Text{"zh-CN": "请持证人刷新亮证码后重新扫描。", "en": "Ask the holder to refresh the code and scan it again."}},
	CodeConsumed:             {Code: CodeConsumed, Status: 409, Retryable: false, Title: Text{"zh-CN": "此亮证码已被核验过", "en": "This code was used before"}, Hint: Text{"zh-CN": "请持证人刷新亮证码；截屏或转发的码不能使用。", "en": "Ask the holder to refresh the code. Pictures of a code do not work."}},
	CodeExpired:              {Code: CodeExpired, Status: 410, Retryable: false, Title: Text{"zh-CN": "此亮证码已过期", "en": "This code has expired"}, Hint: Text{"zh-CN": "请持证人刷新亮证码后重新扫描。", "en": "Ask the holder to refresh the code and scan it again."}},
	LookupLimited:            {Code: LookupLimited, Status: 429, Retryable: true, Title: Text{"zh-CN": "查询次数过多", "en": "Too many attempts"}, Hint: Text{"zh-CN": "请稍后再试，或上传证照文件核验。", "en": "Wait a little, or upload the file of the licence."}},
	ReportOver:               {Code: ReportOver, Status: 400, Retryable: false, Title: Text{"zh-CN": "核验报告已不能下载", "en": "The report can no longer be downloaded"}, Hint: Text{"zh-CN": "报告在核验后 30 分钟内可下载。请重新核验，再下载报告。", "en": "A report can be downloaded for 30 minutes. Verify again, then download it."}},
	LoginFailed:              {Code: LoginFailed, Status: 401, Retryable: false, Title: Text{"zh-CN": "账号或密码不正确，还可尝试 {n} 次", "en": "Account or password is wrong. {n} tries left"}, Hint: Text{"zh-CN": "请核对后重试，或改用验证码登录。", "en": "Check and try again, or sign in with a code."}},
	LoginLocked:              {Code: LoginLocked, Status: 429, Retryable: true, Title: Text{"zh-CN": "为保护账号，请 {m} 分钟后再试", "en": "To protect the account, try again in {m} minutes"}, Hint: Text{"zh-CN": "也可以改用验证码登录。", "en": "You can also sign in with a code."}},
	CodeWrong:                {Code: CodeWrong, Status: 401, Retryable: false, Title: Text{"zh-CN": "验证码不正确或已失效", "en": "The code is wrong or no longer valid"}, Hint: Text{"zh-CN": "请核对最新收到的验证码，或重新获取。", "en": "Check the newest code, or ask for another."}},
	CodeTooOften:             {Code: CodeTooOften, Status: 429, Retryable: true, Title: Text{"zh-CN": "验证码获取过于频繁", "en": "Codes were asked for too often"}, Hint: Text{"zh-CN": "请 60 秒后再获取。", "en": "Ask again in 60 seconds."}},
	IdentifierInvalid:        {Code: IdentifierInvalid, Status: 422, Retryable: false, Title: Text{"zh-CN": "请填写正确的手机号或邮箱", "en": "Enter a valid mobile number or e-mail address"}, Hint: Text{"zh-CN": "大陆手机号为 11 位数字；境外号码请加国家代码。", "en": "Numbers outside the mainland need their country code."}},
	PasswordRefused:          {Code: PasswordRefused, Status: 422, Retryable: false, Title: Text{"zh-CN": "这个密码不安全或不符合要求", "en": "This password is not safe or not acceptable"}, Hint: Text{"zh-CN": "请使用 8 至 256 个字符；常见密码、顺序或重复的字符、生日、本人的手机号或邮箱不能用。", "en": "Use 8 to 256 characters. Common passwords, rows or repeated characters, a birthday, and your own number or address are refused."}},
	FlowLost:                 {Code: FlowLost, Status: 400, Retryable: false, Title: Text{"zh-CN": "这次登录已失效", "en": "This sign-in is no longer valid"}, Hint: Text{"zh-CN": "请回到原来的网站重新开始。", "en": "Go back to the site you came from and start again."}},
	Busy:                     {Code: Busy, Status: 503, Retryable: true, Title: Text{"zh-CN": "当前登录人数较多", "en": "Many people are signing in just now"}, Hint: Text{"zh-CN": "请稍后再试。", "en": "Try again in a moment."}},
	StepLost:                 {Code: StepLost, Status: 400, Retryable: false, Title: Text{"zh-CN": "这一步已失效", "en": "This step is no longer valid"}, Hint: Text{"zh-CN": "请从登录页重新开始。", "en": "Start again from the sign-in page."}},
	SecondWrong:              {Code: SecondWrong, Status: 401, Retryable: false, Title: Text{"zh-CN": "验证码不正确或已用过", "en": "The code is wrong or was used before"}, Hint: Text{"zh-CN": "请等验证器显示新的验证码后再试，并核对手机时间。", "en": "Wait for the next code of the authenticator, and check the clock of the phone."}},
	SecondLocked:             {Code: SecondLocked, Status: 429, Retryable: true, Title: Text{"zh-CN": "为保护账号，请 {m} 分钟后再试", "en": "To protect the account, try again in {m} minutes"}, Hint: Text{"zh-CN": "第二步验证的尝试次数已用完。", "en": "There were too many tries of the second step."}},
	StrongLoginNeeded:        {Code: StrongLoginNeeded, Status: 401, Retryable: false, Title: Text{"zh-CN": "为保护账号，请重新登录后再操作", "en": "To protect the account, sign in again first"}, Hint: Text{"zh-CN": "登录后 5 分钟内可以更改登录方式；账号有第二步验证时，登录须完成第二步。", "en": "Ways to sign in can be changed for 5 minutes after signing in, with the second step if the account has one."}},
	CredentialName:           {Code: CredentialName, Status: 422, Retryable: false, Title: Text{"zh-CN": "名称应为 1 至 40 个字", "en": "A name has 1 to 40 characters"}, Hint: Text{"zh-CN": "请换一个名称。", "en": "Choose another name."}},
	CredentialLast:           {Code: CredentialLast, Status: 409, Retryable: false, Title: Text{"zh-CN": "这是账号唯一的登录方式，不能移除", "en": "This is the only way into the account"}, Hint: Text{"zh-CN": "请先添加另一种登录方式。", "en": "Add another way to sign in first."}},
	CredentialTooMany:        {Code: CredentialTooMany, Status: 409, Retryable: false, Title: Text{"zh-CN": "登录方式最多 {n} 个", "en": "An account has at most {n} ways to sign in"}, Hint: Text{"zh-CN": "请先移除不用的登录方式。", "en": "Remove one that you no longer use."}},
	CredentialKnown:          {Code: CredentialKnown, Status: 409, Retryable: false, Title: Text{"zh-CN": "此登录方式已经添加过", "en": "This way to sign in was added before"}, Hint: Text{"zh-CN": "请换一个，或使用已有的。", "en": "Use another one, or the one that is there."}},
	PasskeyRefused:           {Code: PasskeyRefused, Status: 400, Retryable: false, Title: Text{"zh-CN": "通行密钥验证未通过", "en": "The passkey was not accepted"}, Hint: Text{"zh-CN": "请再试一次，或换一种方式登录。", "en": "Try once more, or sign in another way."}},
	PasskeyCloned:            {Code: PasskeyCloned, Status: 403, Retryable: false, Title: Text{"zh-CN": "此通行密钥可能被复制，已停用", "en": "This passkey may have been copied and is no longer accepted"}, Hint: Text{"zh-CN": "请换一种方式登录，移除它后重新添加。", "en": "Sign in another way, remove it and add a new one."}},
	RecoveryInPerson:         {Code: RecoveryInPerson, Status: 403, Retryable: false, Title: Text{"zh-CN": "您的账号已高级实名，不能只凭手机或邮箱找回", "en": "This account is proven too well to be recovered by a number or an address"}, Hint: Text{"zh-CN": "请用通行密钥、数字证书或原密码登录，在找回页面重新实名，或到窗口办理。", "en": "Sign in with a passkey, a certificate or the password, prove who you are again on the recovery page, or go to a counter."}},
	LoginInsufficient:        {Code: LoginInsufficient, Status: 401, Retryable: false, Title: Text{"zh-CN": "此项操作需要更高的实名等级或重新登录", "en": "This operation needs a surer or more recent login"}, Hint: Text{"zh-CN": "请按 WWW-Authenticate 中的 acr_values、max_age 重新发起授权请求。", "en": "Repeat the authorization request with acr_values and max_age of WWW-Authenticate."}},
	ScopeInsufficient:        {Code: ScopeInsufficient, Status: 403, Retryable: false, Title: Text{"zh-CN": "访问令牌的授权范围不够", "en": "The access token does not hold the scope of this operation"}, Hint: Text{"zh-CN": "请带上 WWW-Authenticate 中的 scope 重新发起授权请求；其中没有 scope 时，此操作不对个人令牌开放。", "en": "Repeat the authorization request with scope of WWW-Authenticate; without one there, no token of a person may call this operation."}},
	CodeSourceBusy:           {Code: CodeSourceBusy, Status: 429, Retryable: true, Title: Text{"zh-CN": "您所在网络获取验证码过多", "en": "Too many codes were asked for from your network"}, Hint: Text{"zh-CN": "请稍后再试，或改用密码登录。", "en": "Try again later, or sign in with your password."}},
	CodeCountry:              {Code: CodeCountry, Status: 422, Retryable: false, Title: Text{"zh-CN": "暂不向该国家或地区的号码发送短信", "en": "No text messages are sent to numbers of this country"}, Hint: Text{"zh-CN": "请改用邮箱。", "en": "Use an e-mail address instead."}},
	CodeNoSMS:                {Code: CodeNoSMS, Status: 422, Retryable: false, Title: Text{"zh-CN": "本平台暂不能发送短信", "en": "Text messages cannot be sent here"}, Hint: Text{"zh-CN": "请改用邮箱，或用密码登录。", "en": "Use an e-mail address, or sign in with your password."}},
	CodeNoMail:               {Code: CodeNoMail, Status: 422, Retryable: false, Title: Text{"zh-CN": "本平台暂不能发送邮件", "en": "Mail cannot be sent here"}, Hint: Text{"zh-CN": "请改用手机号，或用密码登录。", "en": "Use a mobile number, or sign in with your password."}},
	CodeNotOffered:           {Code: CodeNotOffered, Status: 404, Retryable: false, Title: Text{"zh-CN": "本平台未开通验证码登录和注册", "en": "Sign-in by code and registration are not offered here"}, Hint: Text{"zh-CN": "请用其他方式登录。", "en": "Sign in another way."}},
	CertificateInput:         {Code: CertificateInput, Status: 422, Retryable: false, Title: Text{"zh-CN": "证书或签名值无法识别", "en": "Certificate or signature cannot be read"}, Hint: Text{"zh-CN": "证书用 PEM 或 Base64，签名值用 Base64 或十六进制；请对新的内容重新签名。", "en": "Use PEM or Base64 for the certificate, Base64 or hexadecimal for the signature, and sign the new line."}},
	RecoveryRest:             {Code: RecoveryRest, Status: 403, Retryable: false, Title: Text{"zh-CN": "您的密码或手机号在 24 小时内更换过，印章和授权暂停办理", "en": "The password was recovered or a contact replaced within the last 24 hours; seals and mandates rest until then"}, Hint: Text{"zh-CN": "请在更换 24 小时后再试，或到窗口办理。如果不是您本人操作，请立即修改密码并联系客服。", "en": "Try again 24 hours after the change, or go to a counter. If it was not you, change the password now and call the help line."}},
	CertificateRefused:       {Code: CertificateRefused, Status: 401, Retryable: false, Title: Text{"zh-CN": "数字证书验证未通过", "en": "The certificate was not accepted"}, Hint: Text{"zh-CN": "请确认用的是已绑定的、有效期内未吊销的签名证书，并对新的内容重新签名。", "en": "Use the signing certificate that you added, in force and not revoked, and sign the new line."}},
	QRGone:                   {Code: QRGone, Status: 409, Retryable: false, Title: Text{"zh-CN": "这个登录码已失效或已被使用", "en": "This sign-in code has ended or was used"}, Hint: Text{"zh-CN": "请在电脑上重新显示后再试。", "en": "Show another one on the computer and try again."}},
	QRNumber:                 {Code: QRNumber, Status: 409, Retryable: false, Title: Text{"zh-CN": "两位数字不一致，已拒绝这次登录", "en": "The two digits differ, so the sign-in was refused"}, Hint: Text{"zh-CN": "请只确认您眼前那台设备上的登录。", "en": "Confirm only a sign-in on a device in front of you."}},
	WorkNeeded:               {Code: WorkNeeded, Status: 403, Retryable: false, Title: Text{"zh-CN": "您所在网络的密码尝试较多，请再提交一次", "en": "Many passwords were tried from your network; please submit once more"}, Hint: Text{"zh-CN": "浏览器会先做一个短时计算；没有开启脚本时，请回答页面上的问题，或换一种方式登录。", "en": "The browser does a short computation first. Without scripts, answer the question on the page or sign in another way."}},
	QuestionNeeded:           {Code: QuestionNeeded, Status: 403, Retryable: false, Title: Text{"zh-CN": "请按顺序填写页面上的四个数字", "en": "Type the four digits of the page in order"}, Hint: Text{"zh-CN": "每个问题只能回答一次，五分钟内有效；看不清时可以听，也可以换一种方式登录。", "en": "Each question is answered once, within five minutes. It can be heard as well, or sign in another way."}},
	CodesOfHourUsed:          {Code: CodesOfHourUsed, Status: 429, Retryable: true, Title: Text{"zh-CN": "一小时内获取验证码的次数已满", "en": "No more codes can be asked for within this hour"}, Hint: Text{"zh-CN": "请 {m} 分钟后再获取，或改用其他方式。已收到的验证码在有效期内仍可使用。", "en": "Ask again in {m} minutes, or use another way. A code that you have is still good until it expires."}},
	CodesOfDayUsed:           {Code: CodesOfDayUsed, Status: 429, Retryable: true, Title: Text{"zh-CN": "今天获取验证码的次数已满", "en": "No more codes can be asked for today"}, Hint: Text{"zh-CN": "请约 {h} 小时后再获取，或改用其他方式。已收到的验证码在有效期内仍可使用。", "en": "Ask again in about {h} hours, or use another way. A code that you have is still good until it expires."}},
	UpstreamUnknown:          {Code: UpstreamUnknown, Status: 400, Retryable: false, Title: Text{"zh-CN": "这种登录方式不可用", "en": "This way of signing in is not available"}, Hint: Text{"zh-CN": "请换一种方式登录。", "en": "Sign in another way."}},
	UpstreamRefused:          {Code: UpstreamRefused, Status: 400, Retryable: false, Title: Text{"zh-CN": "未能通过该平台登录", "en": "Signing in through that platform did not work"}, Hint: Text{"zh-CN": "请重新登录，或换一种方式。", "en": "Begin again, or sign in another way."}},
	UpstreamSilent:           {Code: UpstreamSilent, Status: 503, Retryable: true, Title: Text{"zh-CN": "该平台暂时没有回应", "en": "That platform is not answering"}, Hint: Text{"zh-CN": "请稍后再试，或换一种方式登录。", "en": "Try again later, or sign in another way."}},
	LinkNeeded:               {Code: LinkNeeded, Status: 409, Retryable: false, Title: Text{"zh-CN": "请先用原来的方式登录，再关联该平台", "en": "Sign in the way you did before, then link that platform"}, Hint: Text{"zh-CN": "登录后打开“关联的平台”，点击“关联”。", "en": "After signing in, open Linked platforms and choose Link."}},
	LinkStale:                {Code: LinkStale, Status: 401, Retryable: false, Title: Text{"zh-CN": "为保护账号，请重新登录后再操作", "en": "To protect the account, sign in again first"}, Hint: Text{"zh-CN": "重新登录后 5 分钟内可以关联或解除关联。", "en": "Linking and unlinking work for 5 minutes after signing in."}},
	LinkLast:                 {Code: LinkLast, Status: 409, Retryable: false, Title: Text{"zh-CN": "这是账号唯一的登录方式，不能解除", "en": "This is the only way into the account"}, Hint: Text{"zh-CN": "请先绑定手机号或邮箱。", "en": "Add a mobile number or an e-mail address first."}},
	ActingOver:               {Code: ActingOver, Status: 403, Retryable: false, Title: Text{"zh-CN": "您现在不能代其办理", "en": "You cannot act for this person or organisation now"}, Hint: Text{"zh-CN": "授权已终止、到期或暂停，没有做任何更改。请到“家庭与代办”查看，或请对方重新授权。", "en": "The mandate has ended, its time is over or it rests; nothing was changed. Look at Family and mandates, or ask for another one."}},
	ActingRight:              {Code: ActingRight, Status: 403, Retryable: false, Title: Text{"zh-CN": "您的授权不含此项权限", "en": "Your mandate does not include this right"}, Hint: Text{"zh-CN": "请对方另行授权，或前往窗口办理。", "en": "Ask the other side for another mandate, or go to a counter."}},
	ActingItem:               {Code: ActingItem, Status: 403, Retryable: false, Title: Text{"zh-CN": "此证照不在您的授权事项内", "en": "Your mandate does not name this kind of licence"}, Hint: Text{"zh-CN": "请对方另行授权，或由本人出示。", "en": "Ask the other side for another mandate, or let the holder show it."}},
	ContactTaken:             {Code: ContactTaken, Status: 409, Retryable: false, Title: Text{"zh-CN": "这个手机号或邮箱已属于另一个账号", "en": "This number or address belongs to another account"}, Hint: Text{"zh-CN": "没有做任何更改。如果那也是您的账号，请先合并账号；如果不是，请前往窗口办理。", "en": "Nothing was changed. If that account is yours too, merge the two; if not, go to a counter."}},
	ContactOwn:               {Code: ContactOwn, Status: 422, Retryable: false, Title: Text{"zh-CN": "这已经是您的手机号或邮箱", "en": "This is your number or address already"}, Hint: Text{"zh-CN": "请填写新的手机号或邮箱。", "en": "Type the new number or address."}},
	MandateAgent:             {Code: MandateAgent, Status: 422, Retryable: false, Title: Text{"zh-CN": "未找到姓名与手机号或邮箱都相符的实名用户", "en": "No verified person has this name with this number or address"}, Hint: Text{"zh-CN": "请核对后重试；对方须先在本平台完成实名。", "en": "Check both. The other person must have a verified name here first."}},
	MandateTerms:             {Code: MandateTerms, Status: 422, Retryable: false, Title: Text{"zh-CN": "授权范围或期限超出允许", "en": "The mandate is wider or longer than is allowed"}, Hint: Text{"zh-CN": "请缩小事项、权限或期限后再试。", "en": "Choose fewer items or rights, or a shorter time."}},
	MandateState:             {Code: MandateState, Status: 409, Retryable: false, Title: Text{"zh-CN": "该授权已被处理或已终止", "en": "This mandate was answered or has ended"}, Hint: Text{"zh-CN": "请刷新后查看当前状态。", "en": "Reload to see how it stands."}},
	MandateLimit:             {Code: MandateLimit, Status: 409, Retryable: false, Title: Text{"zh-CN": "授权人数已达上限", "en": "There are as many mandates of this kind as are allowed"}, Hint: Text{"zh-CN": "请先撤销不再需要的授权。", "en": "Revoke one that is no longer needed first."}},
	MandateLogin:             {Code: MandateLogin, Status: 401, Retryable: false, Title: Text{"zh-CN": "为保护您的权益，请重新登录后再操作", "en": "To protect you, sign in again first"}, Hint: Text{"zh-CN": "重新登录后 10 分钟内可以授权或接受授权。", "en": "Mandates can be given and accepted for 10 minutes after signing in."}},
	MandateLevel:             {Code: MandateLevel, Status: 403, Retryable: false, Title: Text{"zh-CN": "实名等级不足", "en": "The real-name tier is too low"}, Hint: Text{"zh-CN": "请先提升实名等级。", "en": "Raise the tier first."}},
	OrganisationCode:         {Code: OrganisationCode, Status: 422, Retryable: false, Title: Text{"zh-CN": "统一社会信用代码不正确", "en": "The unified social credit code is not valid"}, Hint: Text{"zh-CN": "请填写营业执照上的 18 位代码。", "en": "Enter the 18 characters of the licence."}},
	OrganisationMismatch:     {Code: OrganisationMismatch, Status: 422, Retryable: false, Title: Text{"zh-CN": "单位名称、代码与您的法定代表人身份不一致", "en": "Name, code and you as legal representative do not belong together"}, Hint: Text{"zh-CN": "请对照营业执照核对；刚变更登记的，请待登记机关更新后再试。", "en": "Compare with the licence. After a recent change, try again once the register has it."}},
	OrganisationEnded:        {Code: OrganisationEnded, Status: 409, Retryable: false, Title: Text{"zh-CN": "该单位已注销或被吊销", "en": "The organisation is no longer registered"}, Hint: Text{"zh-CN": "如有疑问，请联系登记机关。", "en": "Ask the registering authority if this is wrong."}},
	RegisterSilent:           {Code: RegisterSilent, Status: 503, Retryable: true, Title: Text{"zh-CN": "登记信息来源暂时没有回应", "en": "The register is not answering"}, Hint: Text{"zh-CN": "请稍后再试；这不表示信息不符。", "en": "Try again later. It does not mean that anything is wrong."}},
	ChildAge:                 {Code: ChildAge, Status: 422, Retryable: false, Title: Text{"zh-CN": "年龄不符合此类监护关联的条件", "en": "The age does not fit this kind of link"}, Hint: Text{"zh-CN": "不满 14 周岁由监护人添加；14 至 17 周岁使用本人账号并由本人确认。", "en": "A guardian adds a child below 14. From 14 to 17 the minor has an own account and confirms."}},
	ChildMismatch:            {Code: ChildMismatch, Status: 422, Retryable: false, Title: Text{"zh-CN": "未能核实您与孩子的监护关系", "en": "The register does not name you as guardian of this child"}, Hint: Text{"zh-CN": "请核对姓名和证件号码，或带户口簿、出生医学证明到窗口办理。", "en": "Check name and number, or visit a counter with the household or birth record."}},
	RecoveryNotProved:        {Code: RecoveryNotProved, Status: 422, Retryable: false, Title: Text{"zh-CN": "用这种方式没有找回账号", "en": "This way did not recover an account"}, Hint: Text{"zh-CN": "请核对姓名、证件号码等内容；仍不行时换一种方式，或带有效身份证件到窗口办理。", "en": "Check name, number and the rest. If that does not help take another way, or go to a counter with your identity document."}},
	RecoverySilent:           {Code: RecoverySilent, Status: 503, Retryable: true, Title: Text{"zh-CN": "核验来源暂时没有回应，还没有结果", "en": "The checking source is not answering, so there is no result yet"}, Hint: Text{"zh-CN": "这不表示信息不符。请稍后再试，或换一种方式，或到窗口办理。", "en": "It does not mean that anything is wrong. Try again later, take another way, or go to a counter."}},
	CodeNoCall:               {Code: CodeNoCall, Status: 422, Retryable: false, Title: Text{"zh-CN": "不能向这个号码拨打语音电话", "en": "This number cannot be called"}, Hint: Text{"zh-CN": "请改收短信验证码。", "en": "Get the code by text message instead."}},
	ProofingMismatch:         {Code: ProofingMismatch, Status: 422, Retryable: false, Title: Text{"zh-CN": "姓名与证件号不匹配，请核对后重试", "en": "Name and ID number do not match. Check and try again"}, Hint: Text{"zh-CN": "请核对是否有生僻字、繁体或间隔号“·”。", "en": "Look for rare characters, traditional forms or the mark ·."}},
	ProofingNumber:           {Code: ProofingNumber, Status: 422, Retryable: false, Title: Text{"zh-CN": "证件号码不正确", "en": "The ID number is not valid"}, Hint: Text{"zh-CN": "请填写 18 位居民身份证号，末位可为 X。", "en": "Enter all 18 characters; the last may be X."}},
	ProofingName:             {Code: ProofingName, Status: 422, Retryable: false, Title: Text{"zh-CN": "请填写证件上的姓名", "en": "Enter the name as on the document"}, Hint: Text{"zh-CN": "不要填写称呼或符号；少数民族姓名可用间隔号“·”。", "en": "Leave out titles and signs."}},
	ProofingTooOften:         {Code: ProofingTooOften, Status: 429, Retryable: false, Title: Text{"zh-CN": "今日核验次数已用完", "en": "No more tries today"}, Hint: Text{"zh-CN": "请明天再试，或到窗口办理。", "en": "Try tomorrow, or visit a counter."}},
	IdentityBound:            {Code: IdentityBound, Status: 409, Retryable: false, Title: Text{"zh-CN": "这个身份暂时不能在此账号上认证", "en": "This identity cannot be proofed for this account"}, Hint: Text{"zh-CN": "请到窗口办理。", "en": "Please visit a counter."}},
	ProofingMobile:           {Code: ProofingMobile, Status: 422, Retryable: false, Title: Text{"zh-CN": "手机号不在您本人名下", "en": "The mobile number is not in your name"}, Hint: Text{"zh-CN": "请使用本人实名办理的手机号。", "en": "Use a number that is registered in your own name."}},
	ProofingKind:             {Code: ProofingKind, Status: 422, Retryable: false, Title: Text{"zh-CN": "此类证件暂不能在线核验", "en": "This kind of document cannot be checked online here"}, Hint: Text{"zh-CN": "请持证件原件到窗口办理。", "en": "Bring the original to a counter."}},
	ProofingNumberLength:     {Code: ProofingNumberLength, Status: 422, Retryable: false, Title: Text{"zh-CN": "号码应为 {want} 位，您填写了 {length} 位", "en": "The number has {want} characters; {length} were entered"}, Hint: Text{"zh-CN": "请对照证件核对。", "en": "Compare it with the document."}},
	ProofingNumberCharacter:  {Code: ProofingNumberCharacter, Status: 422, Retryable: false, Title: Text{"zh-CN": "号码第 {n} 位的字符不正确", "en": "Character {n} of the number cannot stand there"}, Hint: Text{"zh-CN": "请对照证件核对。", "en": "Compare it with the document."}},
	ProofingNumberDate:       {Code: ProofingNumberDate, Status: 422, Retryable: false, Title: Text{"zh-CN": "号码中的出生日期不存在", "en": "The date of birth in the number does not exist"}, Hint: Text{"zh-CN": "请对照证件核对。", "en": "Compare it with the document."}},
	ProofingNumberCheck:      {Code: ProofingNumberCheck, Status: 422, Retryable: false, Title: Text{"zh-CN": "号码的校验位不正确，请逐位核对", "en": "The check digit is wrong. Compare each character"}, Hint: Text{"zh-CN": "请对照证件核对。", "en": "Compare it with the document."}},
	ProofingNumberLegacy:     {Code: ProofingNumberLegacy, Status: 422, Retryable: false, Title: Text{"zh-CN": "这是已停用的 15 位号码，请填写 18 位号码", "en": "Numbers of 15 digits are no longer in use. Enter the 18-character number"}, Hint: Text{"zh-CN": "18 位号码见现在的居民身份证或户口簿。", "en": "It stands on the present card or in the household register."}},
	ProofingNumberArea:       {Code: ProofingNumberArea, Status: 422, Retryable: false, Title: Text{"zh-CN": "号码开头几位与此类证件不符", "en": "Numbers of this kind of document do not begin like this"}, Hint: Text{"zh-CN": "请核对证件类型和号码。", "en": "Check the kind of document and the number."}},
	ProofingNumberKind:       {Code: ProofingNumberKind, Status: 422, Retryable: false, Title: Text{"zh-CN": "请改选“{document}”", "en": "Choose “{document}” instead"}, Hint: Text{"zh-CN": "所填号码属于另一类证件。", "en": "The number belongs to another kind of document."}},
	ProofingNumberCountry:    {Code: ProofingNumberCountry, Status: 422, Retryable: false, Title: Text{"zh-CN": "号码开头的国家代码与国籍不符", "en": "The country code in the number and the nationality differ"}, Hint: Text{"zh-CN": "请对照证件核对。", "en": "Compare them with the document."}},
	ProofingNationality:      {Code: ProofingNationality, Status: 422, Retryable: false, Title: Text{"zh-CN": "请选择证件上的国籍", "en": "Choose the nationality on the document"}, Hint: Text{"zh-CN": "国籍以三个字母的代码印在证件上。", "en": "It is printed as a code of three letters."}},
	ProofingBirth:            {Code: ProofingBirth, Status: 422, Retryable: false, Title: Text{"zh-CN": "请填写出生日期，如 1990-01-31", "en": "Enter the date of birth, for example 1990-01-31"}, Hint: Text{"zh-CN": "请对照证件核对。", "en": "Compare it with the document."}},
	ProofingExpiry:           {Code: ProofingExpiry, Status: 422, Retryable: false, Title: Text{"zh-CN": "请填写证件有效期截止日期，如 2030-01-31", "en": "Enter the date of expiry, for example 2030-01-31"}, Hint: Text{"zh-CN": "请对照证件核对。", "en": "Compare it with the document."}},
	ProofingExpired:          {Code: ProofingExpired, Status: 422, Retryable: false, Title: Text{"zh-CN": "证件已过期，请换领后再认证", "en": "The document has expired. Renew it first"}, Hint: Text{"zh-CN": "也可以改用其他有效证件。", "en": "Another valid document will also do."}},
	ProofingZoneLines:        {Code: ProofingZoneLines, Status: 422, Retryable: false, Title: Text{"zh-CN": "机读码应为两行，每行 44 个字符", "en": "The machine readable lines are two, with 44 characters each"}, Hint: Text{"zh-CN": "也可以不填机读码，逐项填写。", "en": "You can also leave it empty and fill in the fields."}},
	ProofingZone:             {Code: ProofingZone, Status: 422, Retryable: false, Title: Text{"zh-CN": "机读码第 {line} 行第 {at} 个字符起核对不上", "en": "The machine readable lines do not hold from line {line}, character {at}"}, Hint: Text{"zh-CN": "请逐字核对，填充符为“<”。", "en": "Compare each character; the filler is <."}},
	ProofingZoneDiffers:      {Code: ProofingZoneDiffers, Status: 422, Retryable: false, Title: Text{"zh-CN": "机读码与上面填写的内容不一致", "en": "The machine readable lines and the fields differ"}, Hint: Text{"zh-CN": "请对照护照核对。", "en": "Compare them with the passport."}},
	ProofingNameLookalike:    {Code: ProofingNameLookalike, Status: 422, Retryable: false, Title: Text{"zh-CN": "姓名第 {n} 个字是形近字符，请改为“{suggest}”", "en": "Character {n} of the name only looks right. Write {suggest}"}, Hint: Text{"zh-CN": "请用输入法重新输入这个字。", "en": "Type it again with your input method."}},
	ProofingNameCharacter:    {Code: ProofingNameCharacter, Status: 422, Retryable: false, Title: Text{"zh-CN": "姓名第 {n} 个字符不能用于姓名", "en": "Character {n} cannot stand in a name"}, Hint: Text{"zh-CN": "不要填写称呼、数字或符号。", "en": "Leave out titles, digits and signs."}},
	ProofingNamePrivate:      {Code: ProofingNamePrivate, Status: 422, Retryable: false, Title: Text{"zh-CN": "姓名第 {n} 个字用的是旧的自造字编码", "en": "Character {n} of the name has a private code that others cannot read"}, Hint: Text{"zh-CN": "请换用支持生僻字的输入法重新输入，或到窗口办理。", "en": "Type it with an input method for rare characters, or visit a counter."}},
	ProofingNameInvisible:    {Code: ProofingNameInvisible, Status: 422, Retryable: false, Title: Text{"zh-CN": "姓名第 {n} 个字符看不见，请删除后重填", "en": "Character {n} of the name is invisible. Type the name again"}, Hint: Text{"zh-CN": "不要从网页或文档中复制姓名。", "en": "Do not copy the name from elsewhere."}},
	ProofingNameMixed:        {Code: ProofingNameMixed, Status: 422, Retryable: false, Title: Text{"zh-CN": "姓名第 {n} 个字符属于另一种文字", "en": "Character {n} of the name is of another script"}, Hint: Text{"zh-CN": "姓名只能用一种文字书写。", "en": "A name is written in one script."}},
	ProofingNameOutside:      {Code: ProofingNameOutside, Status: 422, Retryable: false, Title: Text{"zh-CN": "姓名第 {n} 个字不在国家标准 GB 18030-2022 中", "en": "Character {n} of the name is not in GB 18030-2022"}, Hint: Text{"zh-CN": "请核对用字；确为此字的，请到窗口办理。", "en": "Check the character; if it is right, visit a counter."}},
	ProofingNameScript:       {Code: ProofingNameScript, Status: 422, Retryable: false, Title: Text{"zh-CN": "请按“{document}”上的文字填写姓名", "en": "Write the name in the script of the document: {document}"}, Hint: Text{"zh-CN": "护照填写拉丁字母姓名，居民身份证填写汉字姓名。", "en": "Latin letters for a passport, Chinese characters for a resident identity card."}},
	ProofingNameLong:         {Code: ProofingNameLong, Status: 422, Retryable: false, Title: Text{"zh-CN": "姓名太长", "en": "The name is too long"}, Hint: Text{"zh-CN": "请按证件填写；仍不能提交的，请到窗口办理。", "en": "Write it as on the document, or visit a counter."}},
	MergeImpossible:          {Code: MergeImpossible, Status: 409, Retryable: false, Title: Text{"zh-CN": "这两个账号不能在线合并", "en": "These two accounts cannot be merged online"}, Hint: Text{"zh-CN": "请携带证件原件到窗口办理。", "en": "Bring your document to a counter."}},
	MergeStale:               {Code: MergeStale, Status: 401, Retryable: false, Title: Text{"zh-CN": "为保护账号，请重新登录后再合并", "en": "To protect the account, sign in again before merging"}, Hint: Text{"zh-CN": "重新登录后 5 分钟内可以合并。", "en": "Merging works for 5 minutes after signing in."}},
	MergeUnproven:            {Code: MergeUnproven, Status: 409, Retryable: false, Title: Text{"zh-CN": "两个账号都还没有实名，请先在其中一个上认证", "en": "Neither account has a proven name. Prove it for one of them first"}, Hint: Text{"zh-CN": "认证后再合并。", "en": "Then merge them."}},
	MergePassword:            {Code: MergePassword, Status: 409, Retryable: false, Title: Text{"zh-CN": "该账号实名等级较高，请用密码证明", "en": "This account has a high tier. Show control of it by its password"}, Hint: Text{"zh-CN": "忘记密码的，请到窗口办理。", "en": "If you do not know it, visit a counter."}},
	MergeSecond:              {Code: MergeSecond, Status: 409, Retryable: false, Title: Text{"zh-CN": "该账号设有第二重验证", "en": "That account has a second factor"}, Hint: Text{"zh-CN": "请先登录该账号，再从那里合并；两个账号都设有的，请先移除其中一个的第二重验证。", "en": "Sign in to that account and merge from there; if both have one, remove one first."}},
	MergeSame:                {Code: MergeSame, Status: 422, Retryable: false, Title: Text{"zh-CN": "这就是您现在登录的账号", "en": "That is the account you are signed in to"}, Hint: Text{"zh-CN": "请填写另一个账号。", "en": "Enter the other account."}},
	CorrectionKind:           {Code: CorrectionKind, Status: 422, Retryable: false, Title: Text{"zh-CN": "没有这种更正或事件类型", "en": "There is no such correction or event"}, Hint: Text{"zh-CN": "请对照接口文档检查。", "en": "Check the API document."}},
	CorrectionEmpty:          {Code: CorrectionEmpty, Status: 422, Retryable: false, Title: Text{"zh-CN": "此项必填", "en": "This value is required"}, Hint: Text{"zh-CN": "请填写。", "en": "Fill it in."}},
	CorrectionUnproven:       {Code: CorrectionUnproven, Status: 409, Retryable: false, Title: Text{"zh-CN": "该账号没有实名身份可更正", "en": "The account has no proven identity to correct"}, Hint: Text{"zh-CN": "请核对账号编号。", "en": "Check the identifier of the account."}},
	CorrectionSelf:           {Code: CorrectionSelf, Status: 403, Retryable: false, Title: Text{"zh-CN": "须由另一人复核，且不能处理本人的身份", "en": "Another person must approve it, and nobody decides on the own identity"}, Hint: Text{"zh-CN": "请由另一位安全管理员办理。", "en": "Ask another security administrator."}},
	ProofingAway:             {Code: ProofingAway, Status: 503, Retryable: true, Title: Text{"zh-CN": "这种方式的服务暂时没有答复", "en": "The service of this way is not answering"}, Hint: Text{"zh-CN": "您的资料没有提交。请换一种方式，或稍后再试。", "en": "Nothing was submitted. Take another way, or try again later."}},
	ProofingPending:          {Code: ProofingPending, Status: 409, Retryable: false, Title: Text{"zh-CN": "对方服务还没有结果", "en": "The other service has no result yet"}, Hint: Text{"zh-CN": "请在对方页面完成，或稍后回来查看。", "en": "Finish on its page, or come back a little later."}},
	ProofingElsewhere:        {Code: ProofingElsewhere, Status: 422, Retryable: false, Title: Text{"zh-CN": "这种方式没有通过", "en": "This way did not confirm you"}, Hint: Text{"zh-CN": "请重试，或换一种方式；也可以到窗口办理。", "en": "Try again, take another way, or visit a counter."}},
	ProofingConsent:          {Code: ProofingConsent, Status: 422, Retryable: false, Title: Text{"zh-CN": "请先阅读并单独同意，或选择其他方式", "en": "Read the notice and agree to it, or take another way"}, Hint: Text{"zh-CN": "不同意也可以用其他方式办理。", "en": "You can go on another way without agreeing."}},
	ProofingCard:             {Code: ProofingCard, Status: 422, Retryable: false, Title: Text{"zh-CN": "银行卡不是您本人在该银行预留的", "en": "The card is not yours at its bank"}, Hint: Text{"zh-CN": "请使用本人的银行卡。", "en": "Use a card in your own name."}},
	ProofingCardNumber:       {Code: ProofingCardNumber, Status: 422, Retryable: false, Title: Text{"zh-CN": "银行卡号不正确", "en": "This is not a card number"}, Hint: Text{"zh-CN": "请对照卡面填写 12 至 19 位数字。", "en": "Enter the 12 to 19 digits on the card."}},
	ProofingAge:              {Code: ProofingAge, Status: 422, Retryable: false, Title: Text{"zh-CN": "您的年龄不能使用这种方式", "en": "This way is not for your age"}, Hint: Text{"zh-CN": "请换一种方式，或到窗口办理。", "en": "Take another way, or visit a counter."}},
	ProofingGuardian:         {Code: ProofingGuardian, Status: 422, Retryable: false, Title: Text{"zh-CN": "不满十四周岁须由监护人办理", "en": "Below 14 a guardian has to do this"}, Hint: Text{"zh-CN": "请监护人登录自己的账号，在“家庭与代办”里添加孩子；也可以一同带证件和户口簿到窗口。", "en": "The guardian signs in to the own account and adds the child under Family and mandates. Or visit a counter together, with both documents and the household register."}},
	ProofingFirst:            {Code: ProofingFirst, Status: 409, Retryable: false, Title: Text{"zh-CN": "请先核验姓名和证件号", "en": "Prove name and document number first"}, Hint: Text{"zh-CN": "完成后再回来使用这种方式。", "en": "Then come back for this way."}},
	ProofingNameless:         {Code: ProofingNameless, Status: 409, Retryable: false, Title: Text{"zh-CN": "您以网络身份认证，没有提供姓名和证件号", "en": "You are known by a network identity, without a name"}, Hint: Text{"zh-CN": "这种方式需要姓名和证件号；需要时请到窗口办理。", "en": "This way needs both. Visit a counter if you want to give them."}},
	ProofingPhoto:            {Code: ProofingPhoto, Status: 422, Retryable: false, Title: Text{"zh-CN": "请上传 JPEG 或 PNG 照片，每张不超过 2 MB", "en": "Upload JPEG or PNG pictures of at most 2 MB each"}, Hint: Text{"zh-CN": "证件正反面各一张，最多三张。", "en": "One of each side of the document, three at most."}},
	ReviewConflict:           {Code: ReviewConflict, Status: 403, Retryable: false, Title: Text{"zh-CN": "您不能审核这一件", "en": "You may not review this case"}, Hint: Text{"zh-CN": "本人、亲属、有代办关系或已审核过的，请交其他人审核。", "en": "Your own, a relative's, one you act for, or one you reviewed: leave it to others."}},
	ReviewReason:             {Code: ReviewReason, Status: 422, Retryable: false, Title: Text{"zh-CN": "请填写理由", "en": "Give a reason"}, Hint: Text{"zh-CN": "理由写入审计记录，不要写个人信息。", "en": "It goes to the audit record. Leave personal data out."}},
	ReviewState:              {Code: ReviewState, Status: 409, Retryable: false, Title: Text{"zh-CN": "这一件已经处理", "en": "This case was decided already"}, Hint: Text{"zh-CN": "请回到列表。", "en": "Go back to the list."}},
	ReviewWaiting:            {Code: ReviewWaiting, Status: 409, Retryable: false, Title: Text{"zh-CN": "您已有一件在人工审核", "en": "A case of yours is being reviewed"}, Hint: Text{"zh-CN": "结果会通知您；急用请换一种方式。", "en": "We will tell you the result. Take another way if you are in a hurry."}},
	ProofingCertificateOther: {Code: ProofingCertificateOther, Status: 422, Retryable: false, Title: Text{"zh-CN": "证书上不是您已核验的身份", "en": "The certificate names somebody else than you proved to be"}, Hint: Text{"zh-CN": "请使用本人名下的证书。", "en": "Use a certificate in your own name."}},
	ProofingCertificateBare:  {Code: ProofingCertificateBare, Status: 422, Retryable: false, Title: Text{"zh-CN": "证书上没有可用来核验的姓名或号码", "en": "The certificate carries no name or number that can be used here"}, Hint: Text{"zh-CN": "请换一张证书，或换一种方式。", "en": "Use another certificate, or take another way."}},
	ProofingCertificateKind:  {Code: ProofingCertificateKind, Status: 422, Retryable: false, Title: Text{"zh-CN": "证书不能证明这类证件", "en": "The certificate does not carry this kind of document"}, Hint: Text{"zh-CN": "请换一种方式，或到窗口办理。", "en": "Take another way, or visit a counter."}},
	TransferAccount:          {Code: TransferAccount, Status: 422, Retryable: false, Title: Text{"zh-CN": "银行账号不正确", "en": "This is not the number of a bank account"}, Hint: Text{"zh-CN": "请填写单位在银行开户的账号。", "en": "Enter the account that the organisation has at its bank."}},
	TransferMismatch:         {Code: TransferMismatch, Status: 422, Retryable: false, Title: Text{"zh-CN": "这个账户不在本单位名下", "en": "The account is not in the organisation's name"}, Hint: Text{"zh-CN": "请填写本单位的对公账户。", "en": "Enter an account that stands in its own name."}},
	TransferAmount:           {Code: TransferAmount, Status: 422, Retryable: false, Title: Text{"zh-CN": "金额与打款不符", "en": "This is not the amount that was transferred"}, Hint: Text{"zh-CN": "请核对到账金额，精确到分；共可填写三次。", "en": "Check what arrived, to the last fen. You have three tries in all."}},
	TransferVoid:             {Code: TransferVoid, Status: 409, Retryable: false, Title: Text{"zh-CN": "三次金额都不对，本次打款作废", "en": "Three wrong amounts. This transfer counts no more"}, Hint: Text{"zh-CN": "请重新申请打款。", "en": "Ask for another transfer."}},
	TransferOpen:             {Code: TransferOpen, Status: 409, Retryable: false, Title: Text{"zh-CN": "已有一笔打款在等待确认", "en": "A transfer is on its way already"}, Hint: Text{"zh-CN": "到账后请填写金额。", "en": "Enter its amount when it has arrived."}},
	TransferNone:             {Code: TransferNone, Status: 409, Retryable: false, Title: Text{"zh-CN": "没有等待确认的打款，或已超过七天", "en": "No transfer waits for its amount, or it is older than seven days"}, Hint: Text{"zh-CN": "请重新申请打款。", "en": "Ask for another transfer."}},
	DocumentHeld:             {Code: DocumentHeld, Status: 409, Retryable: false, Title: Text{"zh-CN": "这份证件已在您的账号里", "en": "This document is in your account already"}, Hint: Text{"zh-CN": "无需重复添加。", "en": "There is no need to add it again."}},
	DocumentLast:             {Code: DocumentLast, Status: 409, Retryable: false, Title: Text{"zh-CN": "这是您唯一在用的证件，不能停用", "en": "This is your only document in use and cannot be retired"}, Hint: Text{"zh-CN": "请先添加另一份证件。", "en": "Add another document first."}},
	DocumentMany:             {Code: DocumentMany, Status: 409, Retryable: false, Title: Text{"zh-CN": "账号里的证件已达上限", "en": "The account holds as many documents as it can"}, Hint: Text{"zh-CN": "请到窗口办理。", "en": "Please visit a counter."}},
	GuardianLevel:            {Code: GuardianLevel, Status: 409, Retryable: false, Title: Text{"zh-CN": "您的实名等级不够，还不能为孩子开户", "en": "Your real-name level is not enough to open an account for a child"}, Hint: Text{"zh-CN": "请先提升自己的实名等级，或到窗口办理。", "en": "Raise your own level first, or visit a counter."}},
	GuardianAge:              {Code: GuardianAge, Status: 422, Retryable: false, Title: Text{"zh-CN": "监护人须年满 18 周岁", "en": "A guardian has to be 18 or older"}, Hint: Text{"zh-CN": "请由其他监护人办理，或到窗口办理。", "en": "Let another guardian do this, or visit a counter."}},
	ChildRelation:            {Code: ChildRelation, Status: 422, Retryable: false, Title: Text{"zh-CN": "请选择您与孩子的关系", "en": "Say what you are to the child"}, Hint: Text{"zh-CN": "法院或单位指定的监护人请选“其他监护人”。", "en": "Choose other guardian if a court or an authority named you."}},
	ProofingSilent:           {Code: ProofingSilent, Status: 503, Retryable: true, Title: Text{"zh-CN": "核验来源暂时没有回应，您的信息已保存，恢复后会通知您", "en": "The checking source is not answering. Your details are saved and we will tell you when it is back"}, Hint: Text{"zh-CN": "无需重复提交。", "en": "There is no need to submit again."}},
	GuardianCounter:          {Code: GuardianCounter, Status: 409, Retryable: false, Title: Text{"zh-CN": "这里暂不能在线为孩子开户", "en": "A child's account cannot be opened online here"}, Hint: Text{"zh-CN": "请带证件和户口簿或出生医学证明到窗口办理。", "en": "Please visit a counter with your document and the household or birth record."}},
	GuardianPage:             {Code: GuardianPage, Status: 409, Retryable: false, Title: Text{"zh-CN": "这里需要上传户口簿等照片，由工作人员核对", "en": "Pictures of the household record are needed here, which staff look at"}, Hint: Text{"zh-CN": "请在网页“家庭与代办—添加孩子”办理。", "en": "Use the page Family and mandates, Add a child."}},
	DocumentDiffers:          {Code: DocumentDiffers, Status: 422, Retryable: false, Title: Text{"zh-CN": "这份证件上的信息与您已核验的身份不一致", "en": "What this document tells is not what you proved"}, Hint: Text{"zh-CN": "请核对姓名、出生日期和国籍；确属本人的，可申请由两名工作人员核对，或到窗口办理。", "en": "Check name, date of birth and nationality. If it is yours, ask two members of staff to look at it, or visit a counter."}},
	RelativeNeeded:           {Code: RelativeNeeded, Status: 409, Retryable: false, Title: Text{"zh-CN": "亲情账号只能在互相确认的亲属之间建立", "en": "A family mandate is for declared relatives only"}, Hint: Text{"zh-CN": "请先在“家庭与代办—亲属”登记，并由对方确认。", "en": "Declare the relation first under Family and mandates, Relatives; the other person confirms it."}},
	RelativeDeclared:         {Code: RelativeDeclared, Status: 409, Retryable: false, Title: Text{"zh-CN": "您与对方的亲属关系已登记", "en": "You and this person are declared already"}, Hint: Text{"zh-CN": "等待确认的，请由对方确认。", "en": "If it waits, the other person confirms it."}},
	RelativeWord:             {Code: RelativeWord, Status: 422, Retryable: false, Title: Text{"zh-CN": "请选择对方是您的什么人", "en": "Say what the other person is to you"}, Hint: Text{"zh-CN": "列表中没有的，请选“其他亲属”。", "en": "Choose other relative if none fits."}},
	RelativeMany:             {Code: RelativeMany, Status: 409, Retryable: false, Title: Text{"zh-CN": "登记的亲属已达上限", "en": "There are as many declared relatives as can be"}, Hint: Text{"zh-CN": "请先撤销不再需要的。", "en": "Withdraw one that is not needed any more."}},
	WardOver:                 {Code: WardOver, Status: 409, Retryable: false, Title: Text{"zh-CN": "您已不能代孩子决定", "en": "You do not decide for the child any more"}, Hint: Text{"zh-CN": "监护关系已终止，或孩子已满 14 周岁；等级没有变化。满 14 周岁由孩子本人办理，也可到窗口。", "en": "The guardianship has ended, or the child is 14; no level was changed. From 14 on the child decides itself, or at a counter."}},
	WardSession:              {Code: WardSession, Status: 409, Retryable: false, Title: Text{"zh-CN": "请回到开始核验时的登录查看结果", "en": "Look at the result where you began"}, Hint: Text{"zh-CN": "核验由您的另一次登录发起，结果也会发消息通知您。", "en": "It was begun from another login of yours. You are also told the result by a message."}},
	ReviewCode:               {Code: ReviewCode, Status: 422, Retryable: false, Title: Text{"zh-CN": "请选择不通过的原因", "en": "Choose why it does not pass"}, Hint: Text{"zh-CN": "通过的，原因只能为“一致”。", "en": "What passes has no other code than consistent."}},
	ReviewKind:               {Code: ReviewKind, Status: 422, Retryable: false, Title: Text{"zh-CN": "此类审核没有这种结论", "en": "This kind of case has no such decision"}, Hint: Text{"zh-CN": "人工审核选通过或拒绝；抽检选通过或存疑。", "en": "A review passes or is refused; a second look passes or is doubted."}},
	CaseDecided:              {Code: CaseDecided, Status: 409, Retryable: false, Title: Text{"zh-CN": "这次核验已有结果，不能撤回", "en": "This proof is decided and cannot be taken back"}, Hint: Text{"zh-CN": "请刷新查看结果。", "en": "Reload to see what became of it."}},
	ClientUnknown:            {Code: ClientUnknown, Status: 400, Retryable: false, Title: Text{"zh-CN": "这个应用不能使用统一身份认证", "en": "This application cannot sign you in here"}, Hint: Text{"zh-CN": "请联系应用的运营单位。", "en": "Ask the operator of the application."}},
	RedirectUnknown:          {Code: RedirectUnknown, Status: 400, Retryable: false, Title: Text{"zh-CN": "回调地址与登记的不一致", "en": "The redirect address is not registered"}, Hint: Text{"zh-CN": "请联系应用的运营单位核对协议、端口和末尾斜杠。", "en": "Ask the operator to check scheme, port and trailing slash."}},
	RequestInvalid:           {Code: RequestInvalid, Status: 400, Retryable: false, Title: Text{"zh-CN": "登录请求不正确", "en": "The sign-in request is not valid"}, Hint: Text{"zh-CN": "请回到原来的网站重新开始。", "en": "Go back to the site you came from and start again."}},
	ClientMetadata:           {Code: ClientMetadata, Status: 422, Retryable: false, Title: Text{"zh-CN": "应用登记信息不正确：{field}", "en": "The client's registration is not valid: {field}"}, Hint: Text{"zh-CN": "{why}", "en": "{why}"}},
	RequestURIInvalid:        {Code: RequestURIInvalid, Status: 400, Retryable: false, Title: Text{"zh-CN": "登录请求已使用过或已过期", "en": "The sign-in request was used before or has expired"}, Hint: Text{"zh-CN": "请回到原来的网站重新开始（invalid_request_uri）。", "en": "Go back to the site you came from and start again (invalid_request_uri)."}},
	DeviceCode:               {Code: DeviceCode, Status: 422, Retryable: false, Title: Text{"zh-CN": "代码不正确或已过期", "en": "The code is not right, or too old"}, Hint: Text{"zh-CN": "请核对设备上的代码，或在设备上重新开始。", "en": "Compare with the code on the device, or start again there."}},
	ServiceUnknown:           {Code: ServiceUnknown, Status: 400, Retryable: false, Title: Text{"zh-CN": "这个系统不能使用统一身份认证", "en": "This system cannot sign you in here"}, Hint: Text{"zh-CN": "请联系该系统的运营单位。", "en": "Ask the operator of the system."}},
	LevelUnmet:               {Code: LevelUnmet, Status: 403, Retryable: false, Title: Text{"zh-CN": "这个系统要求的认证等级暂时无法达到", "en": "The level that this system needs cannot be reached"}, Hint: Text{"zh-CN": "请到窗口办理。", "en": "Please visit a counter."}},
	TicketRefused:            {Code: TicketRefused, Status: 400, Retryable: false, Title: Text{"zh-CN": "票据无效或已使用", "en": "The ticket is not valid or was used"}, Hint: Text{"zh-CN": "请重新登录获取票据；票据 60 秒内有效，只能使用一次。", "en": "Begin the login again. A ticket lives 60 seconds and is used once."}},
	SignatureRefused:         {Code: SignatureRefused, Status: 401, Retryable: false, Title: Text{"zh-CN": "签名不正确或已过期", "en": "The signature is wrong or too old"}, Hint: Text{"zh-CN": "请对照对接文档核对签名串、时间和随机数。", "en": "Check what is signed, the time and the nonce against the integration guide."}},
	RecipientDepartment:      {Code: RecipientDepartment, Status: 422, Retryable: false, Title: Text{"zh-CN": "接收部门须为部门列表中在用部门的编号", "en": "A recipient is the identifier of a department in use, from the list of departments"}, Hint: Text{"zh-CN": "请对照部门列表更正。", "en": "Compare with the list of departments."}},
	RecipientItself:          {Code: RecipientItself, Status: 422, Retryable: false, Title: Text{"zh-CN": "接收部门不能是应用自己的部门", "en": "The department of the application itself is no recipient"}, Hint: Text{"zh-CN": "请填写其他部门。", "en": "Name another department."}},
	RecipientTwice:           {Code: RecipientTwice, Status: 422, Retryable: false, Title: Text{"zh-CN": "重复登记：{what}", "en": "Registered twice: {what}"}, Hint: Text{"zh-CN": "每个接收部门、部门的每个信息项只登记一次。", "en": "Each recipient stands once, and each claim of it once."}},
	RecipientClaims:          {Code: RecipientClaims, Status: 422, Retryable: false, Title: Text{"zh-CN": "每个接收部门须有 1 至 {most} 个信息项", "en": "A recipient gets 1 to {most} claims"}, Hint: Text{"zh-CN": "请填写信息项的名称。", "en": "Give the names of claims."}},
	RecipientClaim:           {Code: RecipientClaim, Status: 422, Retryable: false, Title: Text{"zh-CN": "信息项 {claim} 不存在，或应用自己不能取得", "en": "The claim {claim} does not exist, or the application itself does not get it"}, Hint: Text{"zh-CN": "只能转交应用的权限范围能取得的信息项。", "en": "Only what the scopes of the application give can be passed on."}},
	RecipientPurpose:         {Code: RecipientPurpose, Status: 422, Retryable: false, Title: Text{"zh-CN": "用途须填写，不超过 {most} 字", "en": "Say what it is for, in at most {most} characters"}, Hint: Text{"zh-CN": "用途显示在授权页上。", "en": "The person reads it before agreeing."}},
	RecipientBasis:           {Code: RecipientBasis, Status: 422, Retryable: false, Title: Text{"zh-CN": "依法转交须写明法律名称和条款（不超过 {most} 字），本人同意时不填", "en": "What a law gives has its citation (at most {most} characters); what the person agrees to has none"}, Hint: Text{"zh-CN": "请更正依据或条款。", "en": "Correct the basis or the citation."}},
	RecipientRetention:       {Code: RecipientRetention, Status: 422, Retryable: false, Title: Text{"zh-CN": "保存天数须为 1 至 {most} 的整数", "en": "The days of retention are a whole number from 1 to {most}"}, Hint: Text{"zh-CN": "请更正。", "en": "Correct it."}},
	RecipientsMany:           {Code: RecipientsMany, Status: 422, Retryable: false, Title: Text{"zh-CN": "接收部门不能超过 {most} 个", "en": "There are at most {most} recipients"}, Hint: Text{"zh-CN": "请减少接收部门。", "en": "Name fewer."}},
	SealUnfit:                {Code: SealUnfit, Status: 422, Retryable: false, Title: Text{"zh-CN": "印章申请内容不正确", "en": "The seal cannot be made so"}, Hint: Text{"zh-CN": "请核对名称、编码、尺寸和有效期。", "en": "Check name, code, size and validity."}},
	SealSamePerson:           {Code: SealSamePerson, Status: 403, Retryable: false, Title: Text{"zh-CN": "申请、审核和制作须由不同人员完成", "en": "Applying, reviewing and making need different people"}, Hint: Text{"zh-CN": "请由另一名人员办理。", "en": "Let somebody else do this step."}},
	SealState:                {Code: SealState, Status: 409, Retryable: false, Title: Text{"zh-CN": "印章当前状态不允许此操作", "en": "The state of the seal does not allow this"}, Hint: Text{"zh-CN": "请刷新查看印章状态。", "en": "Reload and look at the state of the seal."}},
	SealCodeTaken:            {Code: SealCodeTaken, Status: 409, Retryable: false, Title: Text{"zh-CN": "该印章编码已被使用", "en": "This seal code is taken"}, Hint: Text{"zh-CN": "每个印章编码只能使用一次，请核对编码。", "en": "A code is used once only. Check it."}},
	SealReason:               {Code: SealReason, Status: 422, Retryable: false, Title: Text{"zh-CN": "请写明原因", "en": "Give a reason"}, Hint: Text{"zh-CN": "原因不超过 200 字，将写入印章记录。", "en": "It has at most 200 characters and is kept with the seal."}},
	SealField:                {Code: SealField, Status: 422, Retryable: false, Title: Text{"zh-CN": "内容为空、太长或格式不正确", "en": "The value is missing, too long or malformed"}, Hint: Text{"zh-CN": "请更正。", "en": "Correct it."}},
	SealDrawing:              {Code: SealDrawing, Status: 422, Retryable: false, Title: Text{"zh-CN": "印面排不下这些文字，或含有字库中没有的字", "en": "The words do not fit on the seal, or a character is not in the font"}, Hint: Text{"zh-CN": "请缩短名称，或联系运维人员配置字库。", "en": "Shorten the name, or ask the operator to configure a font."}},
	SealSuspended:            {Code: SealSuspended, Status: 409, Retryable: false, Title: Text{"zh-CN": "印章已停用，不能用印", "en": "The seal is not in use"}, Hint: Text{"zh-CN": "请联系印章保管人。", "en": "Ask the seal keeper."}},
	DocumentRefused:          {Code: DocumentRefused, Status: 422, Retryable: false, Title: Text{"zh-CN": "文件不能加盖印章：{why}", "en": "The document cannot be sealed: {why}"}, Hint: Text{"zh-CN": "请检查文件后重试；文件没有被改动。", "en": "Check the document and try again; it was not changed."}},
	StampKeyReused:           {Code: StampKeyReused, Status: 422, Retryable: false, Title: Text{"zh-CN": "同一幂等键用于了不同的用印请求", "en": "The idempotency key was used for another request"}, Hint: Text{"zh-CN": "请为每次用印使用不同的幂等键。", "en": "Use another key for each use of a seal."}},
	SealNotValid:             {Code: SealNotValid, Status: 409, Retryable: false, Title: Text{"zh-CN": "印章不在有效期内，或印章数据不成立", "en": "The seal is outside its validity, or does not verify"}, Hint: Text{"zh-CN": "请联系印章保管人重新制章。", "en": "Ask the seal keeper to have it made anew."}},
	SealCertificate:          {Code: SealCertificate, Status: 409, Retryable: false, Title: Text{"zh-CN": "印章的签章证书不可用", "en": "The certificate of the seal cannot be used"}, Hint: Text{"zh-CN": "证书可能已过期或被吊销，请联系印章保管人。", "en": "It may have ended or been revoked. Ask the seal keeper."}},
	StampPlace:               {Code: StampPlace, Status: 422, Retryable: false, Title: Text{"zh-CN": "盖章位置不在文件页面内", "en": "The place is not on a page of the document"}, Hint: Text{"zh-CN": "请核对页码和位置，印章须完整落在页面内。", "en": "Check page and position. The whole seal must lie on the page."}},
	DocumentLocked:           {Code: DocumentLocked, Status: 422, Retryable: false, Title: Text{"zh-CN": "文件不允许再盖章", "en": "The document allows no further seal"}, Hint: Text{"zh-CN": "此前的签章已锁定文件，或文件本身禁止签章。", "en": "An earlier signature locks it, or the document itself forbids signatures."}},
	DocumentNotApproved:      {Code: DocumentNotApproved, Status: 403, Retryable: false, Title: Text{"zh-CN": "文件与批准用印的文件不一致", "en": "This is not the document that was approved"}, Hint: Text{"zh-CN": "请核对文件的 SM3 摘要。", "en": "Compare the SM3 digest of the document."}},
	StampBusy:                {Code: StampBusy, Status: 409, Retryable: true, Title: Text{"zh-CN": "同一用印请求正在办理", "en": "The same request is being carried out"}, Hint: Text{"zh-CN": "请稍后用同一幂等键重试，将得到同一结果。", "en": "Try again with the same key in a little while. The result will be the same."}},
	DocumentAltered:          {Code: DocumentAltered, Status: 422, Retryable: false, Title: Text{"zh-CN": "文件原有的签章不成立，不能再加盖印章", "en": "A signature in the document does not hold, so it cannot be sealed"}, Hint: Text{"zh-CN": "请先核验文件，并取得未被改动的原件。", "en": "Verify the document first and get the unchanged original."}},
	StampKeyword:             {Code: StampKeyword, Status: 422, Retryable: false, Title: Text{"zh-CN": "文件中没有找到要盖章的文字", "en": "The text to seal over was not found in the document"}, Hint: Text{"zh-CN": "请核对文字、页码和第几处；扫描件中的文字查找不到。没有盖章。", "en": "Check the text, the pages and which occurrence. Text in scanned pictures cannot be found. Nothing was sealed."}},
	StampStraddle:            {Code: StampStraddle, Status: 422, Retryable: false, Title: Text{"zh-CN": "骑缝章至少需要两页（双面打印时至少两张纸）", "en": "A straddle seal needs two pages, or two sheets printed on both sides"}, Hint: Text{"zh-CN": "请选择更多页，或改用单页盖章。没有盖章。", "en": "Choose more pages, or seal a single page. Nothing was sealed."}},
	BatchArchive:             {Code: BatchArchive, Status: 422, Retryable: false, Title: Text{"zh-CN": "压缩包不能批量盖章", "en": "The archive cannot be sealed as a batch"}, Hint: Text{"zh-CN": "请上传含有 OFD 或 PDF 文件的 ZIP：名称不重复，不含“..”、反斜杠或冒号。没有盖章。", "en": "Send a ZIP of OFD or PDF documents whose names are different and hold no “..”, backslash or colon. Nothing was sealed."}},
	StampKeywordPDF:          {Code: StampKeywordPDF, Status: 422, Retryable: false, Title: Text{"zh-CN": "PDF 文件不能按文字查找盖章位置", "en": "The place of a seal cannot be found by a text in a PDF document"}, Hint: Text{"zh-CN": "请改用页码和毫米位置，或改用 OFD 文件。没有盖章。", "en": "Give the page and the place in millimetres, or use an OFD document. Nothing was sealed."}},
	StampValueKind:           {Code: StampValueKind, Status: 422, Retryable: false, Title: Text{"zh-CN": "这种文件不能采用所选的签章值格式", "en": "A document of this kind cannot have a value of this form"}, Hint: Text{"zh-CN": "OFD 文件只用电子签章（seal）；PDF 文件可选 seal、cms 或 gbt35275。没有盖章。", "en": "OFD documents have seal; PDF documents have seal, cms or gbt35275. Nothing was sealed."}},
	SealUseUnapproved:        {Code: SealUseUnapproved, Status: 403, Retryable: false, Title: Text{"zh-CN": "此次用印须先经审批", "en": "This use of the seal needs an approval first"}, Hint: Text{"zh-CN": "请先申请用印审批；批准后再对同一文件用印。没有盖章。", "en": "Ask for an approval, and seal the same document once it is given. Nothing was sealed."}},
	SealUseState:             {Code: SealUseState, Status: 409, Retryable: false, Title: Text{"zh-CN": "用印审批尚未通过或已失效", "en": "The approval is not given yet, or is no longer in force"}, Hint: Text{"zh-CN": "审批可能正在等待、已用完、已到期、已撤回，或印章的用印规则已更改。请查看审批，必要时重新申请。没有盖章。", "en": "It may be waiting, used up, over or withdrawn, or the rule of the seal changed. Look at the request, and ask again if need be. Nothing was sealed."}},
	SealUseOther:             {Code: SealUseOther, Status: 403, Retryable: false, Title: Text{"zh-CN": "与批准的用印不一致", "en": "This is not the use that was approved"}, Hint: Text{"zh-CN": "申请人、印章、盖章位置、事由和事项须与批准的完全相同。没有盖章。", "en": "Requester, seal, places, purpose and item must be exactly those that were approved. Nothing was sealed."}},
	SealUseSamePerson:        {Code: SealUseSamePerson, Status: 403, Retryable: false, Title: Text{"zh-CN": "须由另一名人员决定", "en": "Somebody else has to decide"}, Hint: Text{"zh-CN": "申请人不能审批自己的申请，同一人不能审批两次。", "en": "Nobody decides on an own request, or twice."}},
	SealUseDigest:            {Code: SealUseDigest, Status: 409, Retryable: false, Title: Text{"zh-CN": "申请内容与您看到的不一致", "en": "The request is not what you read"}, Hint: Text{"zh-CN": "没有作出决定。请重新打开申请，核对后再决定。", "en": "Nothing was decided. Open the request again and read it."}},
	SealReplacesNone:         {Code: SealReplacesNone, Status: 422, Retryable: false, Title: Text{"zh-CN": "没有这枚可以换发的印章", "en": "There is no such seal to replace"}, Hint: Text{"zh-CN": "只能换发本区域内启用、停用或因遗失注销的印章。尚未启用的申请请直接注销后重新申请。", "en": "A seal of the own area can be replaced that is in use, suspended, or revoked as lost. Revoke an application that is not in use yet, and apply anew."}},
	SealReplacesOther:        {Code: SealReplacesOther, Status: 422, Retryable: false, Title: Text{"zh-CN": "换发前后须为同一单位", "en": "A seal is replaced by one of the same organisation"}, Hint: Text{"zh-CN": "统一社会信用代码须与原印章一致；名称可以变更。其他单位请申请新印章。", "en": "The unified social credit code must be that of the seal before; the name may change. Another organisation applies for a new seal."}},
	SealReplacedAlready:      {Code: SealReplacedAlready, Status: 409, Retryable: false, Title: Text{"zh-CN": "这枚印章已有换发的印章", "en": "Another seal replaces this one already"}, Hint: Text{"zh-CN": "换发印章的编码为 {seal_id}。请办完该印章，或先将其注销。", "en": "It is {seal_id}. Go on with that one, or revoke it first."}},
	SealLostSince:            {Code: SealLostSince, Status: 422, Retryable: false, Title: Text{"zh-CN": "遗失时间不正确", "en": "The time of the loss is not right"}, Hint: Text{"zh-CN": "遗失时间不能早于印章生效之时，也不能晚于现在；只有遗失才填写。", "en": "It is not before the seal began to be valid and not after now, and belongs to a loss only."}},
	SealFiling:               {Code: SealFiling, Status: 422, Retryable: false, Title: Text{"zh-CN": "备案信息不完整或不正确", "en": "What is entered of the filing is not right"}, Hint: Text{"zh-CN": "备案编号为 1 至 32 位字母、数字或连字符；备案机关必填；备案日期不能晚于今天。", "en": "The number has 1 to 32 letters, digits or hyphens. The authority is needed, and the day is not after today."}},
	SealFiled:                {Code: SealFiled, Status: 409, Retryable: false, Title: Text{"zh-CN": "这枚印章已经备案", "en": "The seal is on file already"}, Hint: Text{"zh-CN": "备案编号为 {number}。", "en": "Its number is {number}."}},
	SealUnfiled:              {Code: SealUnfiled, Status: 409, Retryable: false, Title: Text{"zh-CN": "印章尚未备案，不能启用", "en": "The seal is not on file, so it cannot be put into use"}, Hint: Text{"zh-CN": "请由审核人员登记备案编号后再启用。", "en": "A reviewer enters the number of the filing first."}},
	AdminStale:               {Code: AdminStale, Status: 403, Retryable: false, Title: Text{"zh-CN": "登录已超过 15 分钟，请重新登录后再更改", "en": "You signed in more than 15 minutes ago; sign in again to make changes"}, Hint: Text{"zh-CN": "没有做任何更改。请重新登录，然后再操作一次。", "en": "Nothing was changed. Sign in again and repeat the step."}},
	AdminRolesMixed:          {Code: AdminRolesMixed, Status: 422, Retryable: false, Title: Text{"zh-CN": "系统管理员、安全管理员、审计管理员不能由同一人担任", "en": "System, security and audit administrator cannot be one person"}, Hint: Text{"zh-CN": "请为每个人只保留其中一个角色。", "en": "Leave each person one of these roles."}},
	AdminReason:              {Code: AdminReason, Status: 422, Retryable: false, Title: Text{"zh-CN": "请写明原因", "en": "Give a reason"}, Hint: Text{"zh-CN": "原因为 1 至 200 字，将写入审计记录；请勿写入个人信息。", "en": "It has 1 to 200 characters and goes into the audit record. Leave personal data out."}},
	AdminChanged:             {Code: AdminChanged, Status: 412, Retryable: false, Title: Text{"zh-CN": "内容已被他人更改", "en": "It has changed meanwhile"}, Hint: Text{"zh-CN": "请重新读取后再更改。", "en": "Read it again, then repeat the change."}},
	AdminMatchNeeded:         {Code: AdminMatchNeeded, Status: 428, Retryable: false, Title: Text{"zh-CN": "更改须带上所读版本（If-Match）", "en": "A change must name the version that was read (If-Match)"}, Hint: Text{"zh-CN": "请把读取时的 ETag 放入 If-Match。", "en": "Send the ETag of what you read as If-Match."}},
	AdminConfirm:             {Code: AdminConfirm, Status: 409, Retryable: false, Title: Text{"zh-CN": "受影响的数量与确认的不一致", "en": "More or fewer are affected than was confirmed"}, Hint: Text{"zh-CN": "请查看现在的数量，再次确认。", "en": "Look at the number now and confirm again."}},
	ClientRetired:            {Code: ClientRetired, Status: 409, Retryable: false, Title: Text{"zh-CN": "该应用已永久停用", "en": "The client was retired for good"}, Hint: Text{"zh-CN": "如需继续使用，请以新的应用标识重新登记。", "en": "Register it anew under another client_id."}},
	VocabularyInUse:          {Code: VocabularyInUse, Status: 409, Retryable: false, Title: Text{"zh-CN": "“{name}”正被应用使用，不能停用或扩大", "en": "{name} is in use: it can be neither removed nor widened"}, Hint: Text{"zh-CN": "使用它的应用：{clients}。请另行定义新的名称，或先从这些应用中去掉它。", "en": "Used by {clients}. Define another name, or take this one from them first."}},
	AccountStep:              {Code: AccountStep, Status: 409, Retryable: false, Title: Text{"zh-CN": "账号当前状态不能这样操作", "en": "The account is not in a state for this"}, Hint: Text{"zh-CN": "没有做任何更改。只能暂停正常的账号、恢复被暂停的账号；由登记机关停用的账号须由登记机关更正。", "en": "Nothing was changed. Only an active account can be suspended and only a suspended one resumed; what a register stopped, the register corrects."}},
	ImportUnreadable:         {Code: ImportUnreadable, Status: 422, Retryable: false, Title: Text{"zh-CN": "文件无法按所述格式读取", "en": "The file cannot be read as described"}, Hint: Text{"zh-CN": "请核对格式、编码和列映射，再试运行一次。", "en": "Check format, encoding and mapping, and try a dry run."}},
	ImportBegun:              {Code: ImportBegun, Status: 409, Retryable: false, Title: Text{"zh-CN": "此文件已开始导入但未完成", "en": "An import of this file was begun and not finished"}, Hint: Text{"zh-CN": "请以 resume 继续。", "en": "Go on with resume."}},
	ImportBusy:               {Code: ImportBusy, Status: 409, Retryable: true, Title: Text{"zh-CN": "另一项导入正在进行", "en": "Another import is running"}, Hint: Text{"zh-CN": "请待其完成后再试。", "en": "Try again when it is done."}},
	OrganisationKnown:        {Code: OrganisationKnown, Status: 409, Retryable: false, Title: Text{"zh-CN": "该单位的登记状态已有变化", "en": "The register says something else of the organisation by now"}, Hint: Text{"zh-CN": "请刷新后查看。", "en": "Reload to see how it stands."}},
	OrganisationUntil:        {Code: OrganisationUntil, Status: 422, Retryable: false, Title: Text{"zh-CN": "日期须在明天至一年之内", "en": "The day is between tomorrow and a year from now"}, Hint: Text{"zh-CN": "请改填日期。", "en": "Choose another day."}},
	RecordsMany:              {Code: RecordsMany, Status: 422, Retryable: false, Title: Text{"zh-CN": "记录太多，一次导不完", "en": "There are too many records for one file"}, Hint: Text{"zh-CN": "请用日期缩小范围，每次最多 {limit} 条。", "en": "Choose fewer days. One file holds at most {limit}."}},
	ClaimNotRefusable:        {Code: ClaimNotRefusable, Status: 422, Retryable: false, Title: Text{"zh-CN": "此项依法提供，不能单独停止", "en": "This is given by law and cannot be stopped alone"}, Hint: Text{"zh-CN": "如不再使用该应用，可以撤回全部授权。", "en": "If you no longer use the application, withdraw all of it."}},
	DeletionBlocked:          {Code: DeletionBlocked, Status: 409, Retryable: false, Title: Text{"zh-CN": "还有事项未了结，暂时不能注销", "en": "Something must be settled before the account can be deleted"}, Hint: Text{"zh-CN": "请先处理页面列出的事项。", "en": "Settle what the page lists first."}},
	HoldTime:                 {Code: HoldTime, Status: 422, Retryable: false, Title: Text{"zh-CN": "保全期限须在今后五年之内", "en": "A hold ends within five years from now"}, Hint: Text{"zh-CN": "请更正截止时间；到期前可以续设。", "en": "Correct its end. It can be placed anew before it ends."}},
	LoginNotFresh:            {Code: LoginNotFresh, Status: 403, Retryable: false, Title: Text{"zh-CN": "请先重新登录", "en": "Sign in again first"}, Hint: Text{"zh-CN": "此项操作需要最近 5 分钟内登录过。", "en": "This needs a sign-in of the last five minutes."}},
	DisputeText:              {Code: DisputeText, Status: 422, Retryable: false, Title: Text{"zh-CN": "请填写内容，1 至 1000 字", "en": "Write 1 to 1000 characters"}, Hint: Text{"zh-CN": "请不要填写证件号码等无关信息。", "en": "Leave out document numbers and what is not needed."}},
	DisputeState:             {Code: DisputeState, Status: 409, Retryable: false, Title: Text{"zh-CN": "当前状态不能进行此操作", "en": "This cannot be done now"}, Hint: Text{"zh-CN": "请刷新后查看最新进展。", "en": "Reload to see how it stands."}},
	ExportBusy:               {Code: ExportBusy, Status: 409, Retryable: true, Title: Text{"zh-CN": "副本正在准备，或刚刚申请过", "en": "A copy is being made, or was asked for just now"}, Hint: Text{"zh-CN": "每小时可申请一次，备好后会通知您。", "en": "One can be asked for each hour. You are told when it is ready."}},
	PassphraseUnfit:          {Code: PassphraseUnfit, Status: 422, Retryable: false, Title: Text{"zh-CN": "这个口令不能用来加密", "en": "This passphrase cannot be used"}, Hint: Text{"zh-CN": "请用 12 至 64 个英文字母、数字或符号，至少 5 种不同字符。", "en": "Use 12 to 64 letters, digits or signs of ASCII, at least 5 of them different."}},
	PassphraseDiffers:        {Code: PassphraseDiffers, Status: 422, Retryable: false, Title: Text{"zh-CN": "两次输入的口令不一致", "en": "The two passphrases differ"}, Hint: Text{"zh-CN": "请重新输入两次。", "en": "Type it twice again."}},
	DisputeSelf:              {Code: DisputeSelf, Status: 403, Retryable: false, Title: Text{"zh-CN": "不能办理本人提出的疑问", "en": "Nobody answers the own question"}, Hint: Text{"zh-CN": "请由另一位同事办理。", "en": "Ask a colleague."}},
	DisputeCorrected:         {Code: DisputeCorrected, Status: 409, Retryable: false, Title: Text{"zh-CN": "该疑问的答复已被平台处理过一次", "en": "The platform has stepped in once already"}, Hint: Text{"zh-CN": "退回和更正合计只能有一次；请刷新后查看。", "en": "An answer is sent back or corrected once. Reload to see how it stands."}},
	ProposalSelf:             {Code: ProposalSelf, Status: 403, Retryable: false, Title: Text{"zh-CN": "须由另一人决定，且不能处理本人的事项", "en": "Another person must decide, and nobody decides on the own case"}, Hint: Text{"zh-CN": "请由另一位有权人员办理；同一人的两个账号视为一人。", "en": "Ask somebody else who may. Two accounts of one person count as one person."}},
	ProposalClosed:           {Code: ProposalClosed, Status: 409, Retryable: false, Title: Text{"zh-CN": "该提议已办结或刚被他人处理", "en": "The proposal was decided or withdrawn already"}, Hint: Text{"zh-CN": "请重新打开查看结果。", "en": "Open it again and see what became of it."}},
	ProposalChanged:          {Code: ProposalChanged, Status: 412, Retryable: false, Title: Text{"zh-CN": "所批内容与您看到的不一致，未办理", "en": "It is no longer what you read; nothing was done"}, Hint: Text{"zh-CN": "请重新查看；事项本身已变化的，请另行提议。", "en": "Look again. If what it is about has changed, propose it anew."}},
	ProposalExpired:          {Code: ProposalExpired, Status: 409, Retryable: false, Title: Text{"zh-CN": "该提议已过期", "en": "The proposal has expired"}, Hint: Text{"zh-CN": "如仍需办理，请重新提议。", "en": "Propose it anew if it is still wanted."}},
	ProposalClaimed:          {Code: ProposalClaimed, Status: 409, Retryable: false, Title: Text{"zh-CN": "该事项已由他人领取", "en": "Somebody else has taken it"}, Hint: Text{"zh-CN": "对方释放或三十分钟后可再领取。", "en": "It is free again when given back, or after thirty minutes."}},
	AreaCode:                 {Code: AreaCode, Status: 422, Retryable: false, Title: Text{"zh-CN": "行政区划代码须为 6 位或 12 位数字", "en": "An area code has 6 or 12 digits"}, Hint: Text{"zh-CN": "请按 GB/T 2260 及统计用区划代码填写。", "en": "Use GB/T 2260, followed by township and village where there are any."}},
	AreaUnknown:              {Code: AreaUnknown, Status: 422, Retryable: false, Title: Text{"zh-CN": "没有代码为 {code} 的区划", "en": "There is no area {code}"}, Hint: Text{"zh-CN": "请核对代码；区划及其上级须先录入。", "en": "Check the code. An area is entered first, with those above it."}},
	AreaParent:               {Code: AreaParent, Status: 422, Retryable: false, Title: Text{"zh-CN": "区划的上级不正确或不能更改", "en": "The area above is not right, or cannot become another one"}, Hint: Text{"zh-CN": "区划最多五级；区划调整请录入新代码。", "en": "There are five levels at most. Where borders change, enter a new code."}},
	AreaName:                 {Code: AreaName, Status: 422, Retryable: false, Title: Text{"zh-CN": "名称须为 1 至 100 字", "en": "A name has 1 to 100 characters"}, Hint: Text{"zh-CN": "请填写通用名称。", "en": "Enter the name in common use."}},
	DepartmentID:             {Code: DepartmentID, Status: 422, Retryable: false, Title: Text{"zh-CN": "部门编号只能用字母、数字、- 和 _，最长 64 位", "en": "A department is named by letters, digits, - and _, 64 at most"}, Hint: Text{"zh-CN": "一般使用统一社会信用代码。", "en": "Use the unified social credit code where there is one."}},
	StaffUnknown:             {Code: StaffUnknown, Status: 422, Retryable: false, Title: Text{"zh-CN": "没有该工作人员", "en": "There is no such member of staff"}, Hint: Text{"zh-CN": "请核对账号编号，账号须在用。", "en": "Check the identifier. The account must be in use."}},
	RightRole:                {Code: RightRole, Status: 422, Retryable: false, Title: Text{"zh-CN": "没有可授予的此角色", "en": "This role cannot be given"}, Hint: Text{"zh-CN": "请从列表中选择。", "en": "Choose one of the list."}},
	RightTerm:                {Code: RightTerm, Status: 422, Retryable: false, Title: Text{"zh-CN": "到期日须在今天之后、三年之内", "en": "A right ends after today and within three years"}, Hint: Text{"zh-CN": "请填写到期日，格式为 2027-12-31。", "en": "Enter the day on which it ends, as 2027-12-31."}},
	RightTooWide:             {Code: RightTooWide, Status: 403, Retryable: false, Title: Text{"zh-CN": "授予的范围或期限超出您自己的权限", "en": "It reaches further or lasts longer than your own right"}, Hint: Text{"zh-CN": "请缩小区划或期限，或由上级管理员提议。", "en": "Choose a smaller area or an earlier day, or ask the administrator above."}},
	RightMany:                {Code: RightMany, Status: 409, Retryable: false, Title: Text{"zh-CN": "一人最多同时有 {n} 项权限", "en": "Nobody holds more than {n} rights at once"}, Hint: Text{"zh-CN": "请先收回不再需要的权限。", "en": "End those that are no longer needed first."}},
	StaffSecondFactor:        {Code: StaffSecondFactor, Status: 403, Retryable: false, Title: Text{"zh-CN": "工作人员须完成两步验证登录", "en": "Staff sign in with a second step"}, Hint: Text{"zh-CN": "请向管理员领取启用码，在“账号启用”页面添加第二步验证。", "en": "Ask an administrator for an enrolment code and add a second step with it."}},
	StaffLogin:               {Code: StaffLogin, Status: 422, Retryable: false, Title: Text{"zh-CN": "工号须为 1 至 64 位小写字母、数字或 - _ . @，且不能是手机号码", "en": "A login name has 1 to 64 letters, digits, - _ . or @, and is no mobile number"}, Hint: Text{"zh-CN": "请使用单位的工号。", "en": "Use the staff number of the department."}},
	StaffName:                {Code: StaffName, Status: 422, Retryable: false, Title: Text{"zh-CN": "姓名须为 1 至 60 字", "en": "A name has 1 to 60 characters"}, Hint: Text{"zh-CN": "请填写工作人员的姓名。", "en": "Enter the name of the member of staff."}},
	DepartmentUnknown:        {Code: DepartmentUnknown, Status: 422, Retryable: false, Title: Text{"zh-CN": "没有该部门，或部门已停用", "en": "There is no such department, or it has ended"}, Hint: Text{"zh-CN": "请填写部门列表中的编号。", "en": "Enter an identifier of the list of departments."}},
	StaffAccount:             {Code: StaffAccount, Status: 422, Retryable: false, Title: Text{"zh-CN": "该账号尚未实名，不能关联", "en": "That account has not proved an identity, so it cannot be linked"}, Hint: Text{"zh-CN": "请填写证件号码，或待本人实名后再关联。", "en": "Enter the document number, or link it once the person has proved an identity."}},
	StaffDocument:            {Code: StaffDocument, Status: 422, Retryable: false, Title: Text{"zh-CN": "证件类型或号码不正确", "en": "The kind or number of the document is not right"}, Hint: Text{"zh-CN": "请对照证件填写；号码只存不可还原的摘要。", "en": "Enter it as printed. Only a keyed hash of the number is kept."}},
	StaffTaken:               {Code: StaffTaken, Status: 409, Retryable: false, Title: Text{"zh-CN": "工号已被使用", "en": "The login name is somebody else's"}, Hint: Text{"zh-CN": "请核对工号；工号不转给他人使用。", "en": "Check it. A login name never passes to another person."}},
	StaffHuman:               {Code: StaffHuman, Status: 409, Retryable: false, Title: Text{"zh-CN": "此人已有工作人员账号", "en": "This person has an account of staff already"}, Hint: Text{"zh-CN": "一人只有一个工作人员账号，请使用原账号。", "en": "A person has one account of staff. Use that one."}},
	StaffNotNew:              {Code: StaffNotNew, Status: 409, Retryable: false, Title: Text{"zh-CN": "账号不在待启用状态", "en": "The account does not wait for its enrolment"}, Hint: Text{"zh-CN": "需要重新启用的，请先重置账号。", "en": "Reset the account first if it is to be enrolled anew."}},
	StaffUnbound:             {Code: StaffUnbound, Status: 403, Retryable: false, Title: Text{"zh-CN": "此工作人员账号尚未关联到本人", "en": "This account of staff is bound to no person"}, Hint: Text{"zh-CN": "请由管理员登记证件号码，此前账号没有任何权限。", "en": "Ask an administrator to enter the document number. Until then the account carries no right."}},
	StaffState:               {Code: StaffState, Status: 409, Retryable: false, Title: Text{"zh-CN": "账号的当前状态不允许此操作", "en": "The account is not in a state for this"}, Hint: Text{"zh-CN": "请刷新后查看账号状态。", "en": "Look at its state again."}},
	EnrolCode:                {Code: EnrolCode, Status: 401, Retryable: false, Title: Text{"zh-CN": "工号或启用码不正确，或启用码已失效", "en": "The login name or the code is not right, or the code is over"}, Hint: Text{"zh-CN": "请核对纸面上的内容；输错五次后须重新领取。", "en": "Compare with the paper. After five wrong tries ask for another code."}},
	StaffEnrolStep:           {Code: StaffEnrolStep, Status: 409, Retryable: false, Title: Text{"zh-CN": "启用步骤已过期", "en": "The enrolment took too long"}, Hint: Text{"zh-CN": "请重新输入工号和启用码。", "en": "Enter login name and code again."}},
	StaffLinkNeeded:          {Code: StaffLinkNeeded, Status: 403, Retryable: false, Title: Text{"zh-CN": "此身份源的账号尚未关联工作人员账号", "en": "This login of the source is linked to no account of staff"}, Hint: Text{"zh-CN": "请用工号登录后在“第二步验证”页关联，或请两名安全管理员登记。", "en": "Sign in with your staff number and link it at your security page, or ask two security administrators."}},
	StaffLinked:              {Code: StaffLinked, Status: 409, Retryable: false, Title: Text{"zh-CN": "该账号在此身份源已有关联", "en": "The account, or the login of the source, is linked already"}, Hint: Text{"zh-CN": "请先取消原有关联。", "en": "Take the link that is there away first."}},
	StaffSubject:             {Code: StaffSubject, Status: 422, Retryable: false, Title: Text{"zh-CN": "身份源用户标识须为 1 至 255 个字符", "en": "The identifier at the source has 1 to 255 characters"}, Hint: Text{"zh-CN": "请填写身份源令牌中的 sub。", "en": "It is the sub of the source's tokens."}},
	StaffBound:               {Code: StaffBound, Status: 409, Retryable: false, Title: Text{"zh-CN": "账号已关联到本人，或已注销", "en": "The account is bound to a person already, or closed"}, Hint: Text{"zh-CN": "关联后不能更改；他人请新建账号。", "en": "It stays with this person. Open another account for somebody else."}},
	StaffTokenMany:           {Code: StaffTokenMany, Status: 409, Retryable: false, Title: Text{"zh-CN": "同时有效的令牌已达上限", "en": "There are as many tokens as may work at a time"}, Hint: Text{"zh-CN": "最多 {n} 个。请先撤销不用的，或等其到期。", "en": "At most {n}. Revoke one that is not needed, or wait until it ends."}},
	StaffTokenRoles:          {Code: StaffTokenRoles, Status: 422, Retryable: false, Title: Text{"zh-CN": "请至少选择一项您现有的权限", "en": "Choose at least one of the roles that you hold"}, Hint: Text{"zh-CN": "令牌只能带您现在持有的权限。", "en": "A token carries only roles that you hold now."}},
	StaffTokenName:           {Code: StaffTokenName, Status: 422, Retryable: false, Title: Text{"zh-CN": "请填写令牌用途", "en": "Say what the token is for"}, Hint: Text{"zh-CN": "2 至 40 个字，不要写个人信息。", "en": "2 to 40 characters, without personal data."}},
	StaffOnly:                {Code: StaffOnly, Status: 403, Retryable: false, Title: Text{"zh-CN": "此操作只能由工作人员本人办理", "en": "Only a member of staff does this"}, Hint: Text{"zh-CN": "请在工作台生成本人的接口令牌后再调用；应用的令牌不能代替。", "en": "Call it with a token of your own from /staff/tokens; the token of an application does not do."}},
	OutsideArea:              {Code: OutsideArea, Status: 403, Retryable: false, Title: Text{"zh-CN": "该单位不在您的辖区内", "en": "The organisation is not of your area"}, Hint: Text{"zh-CN": "请核对代码；单位须已登记在区划下，或由上级办理。", "en": "Check the code. The organisation must stand in the tree of areas below yours; otherwise a wider area does it."}},
	CounterLogin:             {Code: CounterLogin, Status: 401, Retryable: false, Title: Text{"zh-CN": "窗口办理须用两种方式登录", "en": "The counter needs a login by two factors"}, Hint: Text{"zh-CN": "请用通行密钥、U 盾，或密码加动态验证码重新登录。", "en": "Sign in again with a passkey, a U-key, or password and authenticator."}},
	CounterTerminal:          {Code: CounterTerminal, Status: 403, Retryable: false, Title: Text{"zh-CN": "此终端未登记或已停用", "en": "This terminal is not registered, or was taken out of service"}, Hint: Text{"zh-CN": "请系统管理员登记终端，在本机输入启用码。", "en": "A system administrator registers it; then type the code here."}},
	CounterCode:              {Code: CounterCode, Status: 422, Retryable: false, Title: Text{"zh-CN": "代码不正确或已失效", "en": "The code is wrong or no longer valid"}, Hint: Text{"zh-CN": "请核对数字；过期后请重新生成。", "en": "Check the digits. After its time a new one is made."}},
	CounterName:              {Code: CounterName, Status: 422, Retryable: false, Title: Text{"zh-CN": "请填写终端名称", "en": "Name the terminal"}, Hint: Text{"zh-CN": "1 至 40 字，例如 3 号窗口。", "en": "1 to 40 characters, for instance Window 3."}},
	CounterReaderKey:         {Code: CounterReaderKey, Status: 422, Retryable: false, Title: Text{"zh-CN": "读卡器公钥不正确", "en": "The reader's key cannot be read"}, Hint: Text{"zh-CN": "应为 SM2 公钥（65 字节，base64url）。", "en": "It is an SM2 public key: 65 octets in base64url."}},
	CounterReader:            {Code: CounterReader, Status: 401, Retryable: false, Title: Text{"zh-CN": "读卡消息未被接受", "en": "The message of the reader was refused"}, Hint: Text{"zh-CN": "请核对终端编号、密钥和本机时间。", "en": "Check terminal, key and clock of the machine."}},
	CounterNumber:            {Code: CounterNumber, Status: 422, Retryable: false, Title: Text{"zh-CN": "请填写叫号", "en": "Give the number that was called"}, Hint: Text{"zh-CN": "1 至 12 个字符。", "en": "1 to 12 characters."}},
	CounterNoCard:            {Code: CounterNoCard, Status: 409, Retryable: false, Title: Text{"zh-CN": "没有读到证件", "en": "No card was read"}, Hint: Text{"zh-CN": "请把证件放在读卡器上，再试一次。", "en": "Put the card on the reader and try again."}},
	CounterCard:              {Code: CounterCard, Status: 422, Retryable: false, Title: Text{"zh-CN": "证件信息未通过核对", "en": "What the card says does not hold together"}, Hint: Text{"zh-CN": "请核对证件真伪，必要时交主管处理。", "en": "Look at the card. When in doubt ask the supervisor."}},
	CounterCardDates:         {Code: CounterCardDates, Status: 422, Retryable: false, Title: Text{"zh-CN": "证件有效期不正确", "en": "The dates of the card are wrong"}, Hint: Text{"zh-CN": "请核对起止日期；长期有效的填长期。", "en": "Check both days. A card without an end is long-term."}},
	CounterSecond:            {Code: CounterSecond, Status: 403, Retryable: false, Title: Text{"zh-CN": "手工录入须由另一位窗口人员确认", "en": "Typing a document needs another clerk"}, Hint: Text{"zh-CN": "请另一位同事用本人的登录确认。", "en": "A colleague confirms with the own login."}},
	CounterSelf:              {Code: CounterSelf, Status: 403, Retryable: false, Title: Text{"zh-CN": "不能为本人或亲属办理", "en": "Nobody serves oneself or a relative"}, Hint: Text{"zh-CN": "请由其他窗口人员办理。", "en": "Another clerk does this."}},
	CounterVisit:             {Code: CounterVisit, Status: 409, Retryable: false, Title: Text{"zh-CN": "本次办理已结束", "en": "This visit is over"}, Hint: Text{"zh-CN": "请重新叫号、读证件。", "en": "Call the number and read the card again."}},
	CounterActs:              {Code: CounterActs, Status: 422, Retryable: false, Title: Text{"zh-CN": "请选择要办理的事项", "en": "Choose what is to be done"}, Hint: Text{"zh-CN": "没有账号的人须先注册。", "en": "Who has no account is registered first."}},
	CounterWay:               {Code: CounterWay, Status: 422, Retryable: false, Title: Text{"zh-CN": "请选择办理人的确认方式", "en": "Choose how the person agrees"}, Hint: Text{"zh-CN": "可用第二屏、短信、通行密钥或纸质签字。", "en": "Second screen, text message, passkey or paper."}},
	CounterAgreement:         {Code: CounterAgreement, Status: 409, Retryable: false, Title: Text{"zh-CN": "办理人尚未确认", "en": "The person has not agreed yet"}, Hint: Text{"zh-CN": "请办理人核对事项并确认。", "en": "The person looks at the list and agrees."}},
	CounterDone:              {Code: CounterDone, Status: 409, Retryable: false, Title: Text{"zh-CN": "此事项本次已办理", "en": "This was done in this visit"}, Hint: Text{"zh-CN": "如需再次办理，请重新叫号。", "en": "To do it again, call the number again."}},
	CounterPhone:             {Code: CounterPhone, Status: 409, Retryable: false, Title: Text{"zh-CN": "该手机号不能用于此账号", "en": "This number cannot be used for the account"}, Hint: Text{"zh-CN": "请换一个手机号，或不填手机号办理。", "en": "Give another number, or none."}},
	CounterPhoneCode:         {Code: CounterPhoneCode, Status: 422, Retryable: false, Title: Text{"zh-CN": "填写手机号须用短信确认", "en": "A mobile number needs a text message"}, Hint: Text{"zh-CN": "请选择短信确认，或不填手机号。", "en": "Choose text message, or leave the number out."}},
	CounterPass:              {Code: CounterPass, Status: 401, Retryable: false, Title: Text{"zh-CN": "证件号码或凭条不正确", "en": "The document number or the pass is wrong"}, Hint: Text{"zh-CN": "凭条 24 小时内可用一次。请核对，或到窗口重新领取。", "en": "A pass works once within 24 hours. Check it, or get another at a counter."}},
	CounterScan:              {Code: CounterScan, Status: 422, Retryable: false, Title: Text{"zh-CN": "请上传签字表的扫描件", "en": "Give the scan of the signed form"}, Hint: Text{"zh-CN": "图片或 PDF，1 KiB 至 10 MiB。", "en": "A picture or PDF of 1 KiB to 10 MiB."}},
	CounterRetry:             {Code: CounterRetry, Status: 409, Retryable: false, Title: Text{"zh-CN": "此事项不能再次办理", "en": "This cannot be tried again"}, Hint: Text{"zh-CN": "已办结、正在办理、有问题或已过 24 小时；请重新叫号。", "en": "It was done, is under way, was flagged or is older than a day. Call the number again."}},
	CounterAccount:           {Code: CounterAccount, Status: 409, Retryable: false, Title: Text{"zh-CN": "此账号已停用或注销", "en": "The account is suspended or closed"}, Hint: Text{"zh-CN": "请核对账号状态，必要时交主管处理。", "en": "Look at the state of the account. When in doubt ask the supervisor."}},
	CounterMinor:             {Code: CounterMinor, Status: 422, Retryable: false, Title: Text{"zh-CN": "未找到姓名与号码相符的未成年人账号", "en": "No minor with this name and number has an account"}, Hint: Text{"zh-CN": "14 至 17 周岁的孩子须先有本人账号并完成实名。", "en": "From 14 to 17 the child first has an own account with a proven name."}},
	CounterHanded:            {Code: CounterHanded, Status: 409, Retryable: false, Title: Text{"zh-CN": "副本不能交付，或本次已交付", "en": "The copy cannot be handed over, or was already"}, Hint: Text{"zh-CN": "副本可能还在准备；每次确认只交付一次，再要请重新叫号。", "en": "It may still be made. It is handed over once for each agreement; for another, call the number again."}},
}
