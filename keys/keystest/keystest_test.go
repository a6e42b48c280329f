package keystest_test

import (
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/keystest"
)

func TestTwinKeepsTheContract(t *testing.T) {
	twin := keystest.NewTwin(time.Now)
	keystest.Run(t, twin, func() keys.Provider { return twin.Reopen(time.Now) })
}
