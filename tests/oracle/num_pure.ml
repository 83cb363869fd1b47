(* Numbers of replay.ml for the extraction of Pure.v: Coq's own, by single bits. *)
open Semantics

type z = Semantics.z

let zero = Z0

let rec positive_of n =
  let rest = Int64.shift_right_logical n 1 in
  if rest = 0L then XH else if Int64.logand n 1L = 1L then XI (positive_of rest) else XO (positive_of rest)

let of_int64_unsigned n = if n = 0L then Z0 else Zpos (positive_of n)
let of_int64 = of_int64_unsigned

let rec of_positive p depth =
  if depth > 64 then failwith "a number of more than 64 bits";
  match p with
  | XH -> 1L
  | XO q -> Int64.shift_left (of_positive q (depth + 1)) 1
  | XI q -> Int64.logor (Int64.shift_left (of_positive q (depth + 1)) 1) 1L

let of_word = of_int64_unsigned
let of_int n = of_word (Int64.of_int n)
let to_word = function Z0 -> 0L | Zpos p -> of_positive p 1 | Zneg _ -> failwith "a negative number"

let to_int z =
  let w = to_word z in
  if w < 0L || w > 0x3fffffffffffffffL then failwith "a large number" else Int64.to_int w

let equal (a : z) b = a = b
let compare a b = Int64.unsigned_compare (to_word a) (to_word b)
let sign = function Z0 -> 0 | Zpos _ -> 1 | Zneg _ -> -1
let show z = Printf.sprintf "%Lu" (to_word z)
let top = function U8 -> of_int64 0xffL | U16 -> of_int64 0xffffL | U32 -> of_int64 0xffffffffL | U64 -> of_int64 (-1L)
let self_check () = ()
