// Only for a test: its compiled form beside it is made by hand.
extern "C" __global__ void nothing() {}
