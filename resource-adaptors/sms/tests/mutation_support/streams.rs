//! Streams of PDUs for the fuzz of streams and sessions.

use crate::mutation_support::{Random, mutate};

/// A session's input of which some PDUs are broken, most with a length that is true.
pub(crate) fn stream_of(random: &mut Random, seeds: &[Vec<u8>], sessions: &[Vec<u8>]) -> Vec<u8> {
    let mut stream = sessions[random.below(sessions.len())].clone();
    stream[0] = random.next() as u8;
    for _ in 0..=random.below(6) {
        let mut pdu = seeds[random.below(seeds.len())].clone();
        if random.below(3) == 0 {
            mutate(random, &mut pdu, seeds);
            if pdu.len() >= 16 && random.below(8) > 0 {
                let length = pdu.len() as u32;
                pdu[..4].copy_from_slice(&length.to_be_bytes());
            }
        }
        stream.extend_from_slice(&pdu);
    }
    if random.below(4) == 0 {
        mutate(random, &mut stream, seeds);
    }
    stream
}
