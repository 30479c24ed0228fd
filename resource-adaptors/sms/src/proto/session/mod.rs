//! One SMPP session as a sans-IO machine, for the ESME and for the MC: states, windows, timers and sequence numbers.
