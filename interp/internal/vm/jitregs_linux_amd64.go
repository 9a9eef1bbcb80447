package vm

// allocate chooses the registers of the frame that live in registers of the
// processor.
func (t *translator) allocate() {}

func (t *translator) spill() {}
func (t *translator) fill()  {}
