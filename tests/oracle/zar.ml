(* Z of Coq as a number of Zarith: the operations that Oracle.v maps by hand, as Coq defines them (division by zero
   is 0, the remainder by zero the dividend, division rounds down). *)
include Z

let xo p = shift_left p 1
let xi p = succ (shift_left p 1)
let m8 = of_int 0x100
let m16 = of_int 0x10000
let m32 = of_int 0x1_0000_0000
let m64 = shift_left one 64

let positive_case f_xi f_xo f_xh p =
  if equal p one then f_xh ()
  else if is_odd p then f_xi (shift_right p 1)
  else f_xo (shift_right p 1)

let z_case f0 fp fn z =
  let s = sign z in
  if s = 0 then f0 () else if s > 0 then fp z else fn (neg z)

let div a b = if sign b = 0 then zero else fdiv a b

let modulo a b =
  if sign b = 0 then a
  else if sign a >= 0 && sign b > 0 then if lt a b then a else rem a b
  else sub a (mul b (fdiv a b))

let shiftl a n =
  let n = to_int n in
  if n >= 0 then shift_left a n else shift_right a (Stdlib.( ~- ) n)

let shiftr a n =
  let n = to_int n in
  if n >= 0 then shift_right a n else shift_left a (Stdlib.( ~- ) n)

let to_nat z = if sign z <= 0 then 0 else to_int z
