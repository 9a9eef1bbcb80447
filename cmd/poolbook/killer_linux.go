package main

import "os"

// offerToKiller has a system without memory end this process, whose memory is that of cells, before others of the user: the server, the
// editor. Errors do not matter: the process is as likely to be chosen as without.
func offerToKiller() { _ = os.WriteFile("/proc/self/oom_score_adj", []byte("500"), 0) }
