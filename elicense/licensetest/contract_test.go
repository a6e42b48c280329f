package licensetest_test

import (
	"testing"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
)

func TestTwinKeepsTheContract(t *testing.T) {
	licensetest.RunStore(t, func(testing.TB) elicense.Store { return licensetest.NewTwin() })
}
