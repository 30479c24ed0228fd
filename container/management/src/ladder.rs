//! Ladder diagrams of recorded calls: as text, as SVG, as pcapng.
