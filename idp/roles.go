package idp

import (
	"slices"

	"github.com/yinxin-gov/yinxin/internal/fault"
)

// Roles of administration (三员). They are kept apart: who sets up does not approve, and who does either does not audit.
const (
	RoleSystemAdmin   = "system_admin"   // 系统管理员: clients, scopes, claims, keys, upstream peers
	RoleSecurityAdmin = "security_admin" // 安全管理员: approves what waits; sessions, grants and tokens
	RoleAuditAdmin    = "audit_admin"    // 审计管理员: reads everything of administration and changes nothing
)

// RoleProofingReviewer decides on cases of proofing that no source can (人工审核).
const RoleProofingReviewer = "proofing_reviewer"

// AdminRoles are all of them.
var AdminRoles = []string{RoleSystemAdmin, RoleSecurityAdmin, RoleAuditAdmin}

// StaffRoles are the other roles: of staff for seals and licences, and of registers. A person has a role on the account, a service client as a
// scope.
var StaffRoles = []string{"seal_keeper", "seal_reviewer", "seal_maker", "seal_approver", "license_clerk", "license_reviewer", "license_issuer", "license_user", "license_order", RoleProofingReviewer, RoleRegisterFeed, "counter_clerk", "counter_supervisor"}

// IsRole reports whether a word is a role. A service client with such a scope stands for that role, so that no scope of
// another meaning may bear its name.
func IsRole(word string) bool {
	return slices.Contains(AdminRoles, word) || slices.Contains(StaffRoles, word)
}

// CheckRoles refuses roles of administration that nobody may hold together.
func CheckRoles(roles []string) error {
	held := 0
	for _, role := range AdminRoles {
		if slices.Contains(roles, role) {
			held++
		}
	}
	if held > 1 {
		return fault.New(fault.AdminRolesMixed)
	}
	return nil
}
