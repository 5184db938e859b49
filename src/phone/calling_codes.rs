//! The country calling codes, as data.

/// The assigned country calling codes, ascending. No code is the start of another one.
///
/// Source: ITU-T, "List of Recommendation ITU-T E.164 assigned country codes", annex to the
/// Operational Bulletin No. 1114 of 15 December 2016, with the amendments since. Codes that are
/// spare, or reserved for services that do not exist, are left out; 970 is reserved on the list and
/// in use.
#[rustfmt::skip]
pub(super) const ASSIGNED: [u16; 216] = [
    1, 7, 20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53,
    54, 55, 56, 57, 58, 60, 61, 62, 63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98,
    211, 212, 213, 216, 218, 220, 221, 222, 223, 224, 225, 226, 227, 228, 229, 230, 231, 232,
    233, 234, 235, 236, 237, 238, 239, 240, 241, 242, 243, 244, 245, 246, 247, 248, 249, 250,
    251, 252, 253, 254, 255, 256, 257, 258, 260, 261, 262, 263, 264, 265, 266, 267, 268, 269,
    290, 291, 297, 298, 299, 350, 351, 352, 353, 354, 355, 356, 357, 358, 359, 370, 371, 372,
    373, 374, 375, 376, 377, 378, 379, 380, 381, 382, 383, 385, 386, 387, 389, 420, 421, 423,
    500, 501, 502, 503, 504, 505, 506, 507, 508, 509, 590, 591, 592, 593, 594, 595, 596, 597,
    598, 599, 670, 672, 673, 674, 675, 676, 677, 678, 679, 680, 681, 682, 683, 685, 686, 687,
    688, 689, 690, 691, 692, 800, 808, 850, 852, 853, 855, 856, 870, 878, 880, 881, 882, 883,
    886, 888, 960, 961, 962, 963, 964, 965, 966, 967, 968, 970, 971, 972, 973, 974, 975, 976,
    977, 979, 992, 993, 994, 995, 996, 998,
];

/// The codes of numbering plans whose trunk prefix is 0, ascending: there a zero before the number is
/// dialled within the country and is not part of the international number (E.164, 6.2 and 7). In all
/// other plans a leading zero is a digit of the number, as in Italy (39), Côte d'Ivoire (225), Benin
/// (229), the Congo (242) and San Marino (378), or invalid.
///
/// Source: ITU-T, "Dialling procedures (international prefix, national (trunk) prefix and national
/// (significant) number)", annex to the Operational Bulletin No. 994, and the national numbering
/// plans since. Compared with the metadata of libphonenumber 9.0.43.
#[rustfmt::skip]
pub(super) const ZERO_IS_A_PREFIX: [u16; 103] = [
    20, 27, 31, 32, 33, 40, 41, 43, 44, 46, 49, 51, 53, 54, 55, 57, 58, 60, 61, 62, 63, 64, 66,
    81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98, 211, 212, 213, 218, 231, 232, 233, 234, 243,
    249, 250, 251, 252, 254, 255, 256, 260, 261, 262, 263, 264, 265, 291, 353, 355, 358, 359,
    370, 373, 374, 377, 380, 381, 382, 383, 385, 386, 387, 389, 421, 423, 508, 590, 591, 593,
    594, 595, 596, 598, 686, 850, 855, 856, 880, 886, 961, 962, 963, 964, 966, 967, 970, 971,
    972, 976, 977, 994, 995, 996,
];
