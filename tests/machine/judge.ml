(* Compares what the hardware did with what the model says it may do.

     judge walk LOG [WRONG]    a log of walk.c; with WRONG the model is given a mistake on purpose
     judge tlb LOG             a log of tlb.c

   Prints what was seen; ends with status 1 at the first difference. *)
open Model

(* ---- numbers: Coq's Z, from and to 64 bits without sign ---- *)
let rec positive n =
  let rest = Int64.shift_right_logical n 1 in
  if rest = 0L then XH else if Int64.logand n 1L = 1L then XI (positive rest) else XO (positive rest)

let z n = if n = 0L then Z0 else Zpos (positive n)
let zi n = z (Int64.of_int n)
let rec of_positive = function XH -> 1 | XO p -> 2 * of_positive p | XI p -> (2 * of_positive p) + 1
let int = function Z0 -> 0 | Zpos p -> of_positive p | Zneg _ -> failwith "negative"
let to_int = int

let rec of_positive64 = function
  | XH -> 1L
  | XO p -> Int64.shift_left (of_positive64 p) 1
  | XI p -> Int64.logor (Int64.shift_left (of_positive64 p) 1) 1L

let bit d n = Int64.logand (Int64.shift_right_logical d n) 1L = 1L
let bits d lo n = Int64.to_int (Int64.logand (Int64.shift_right_logical d lo) (Int64.sub (Int64.shift_left 1L n) 1L))

(* ---- logs ---- *)
let number s = Int64.of_string ("0x" ^ s)
let line_number = ref 0

exception Different of string

let differ fmt = Printf.ksprintf (fun s -> raise (Different (Printf.sprintf "line %d: %s" !line_number s))) fmt

(* Every line to [f], as its words; the last must be END. *)
let each_line file f =
  let ic = open_in_bin file and ended = ref false in
  (try
     while true do
       incr line_number;
       match String.split_on_char ' ' (String.trim (input_line ic)) with
       | [ "END" ] -> ended := true
       | w -> f w
     done
   with End_of_file -> ());
  if not !ended then differ "the program did not end"

let seen : (string, int) Hashtbl.t = Hashtbl.create 64
let count what = Hashtbl.replace seen what (1 + try Hashtbl.find seen what with Not_found -> 0)

(* ---- what an access ends in ---- *)
type answer = Page of int | Abort of int (* its fault status code *)

let answer s = let n = number s in if bit n 63 then Abort (bits n 0 32) else Page (Int64.to_int n)
let show = function Page p -> Printf.sprintf "page %x" p | Abort f -> Printf.sprintf "fault status %02x" f
let translation_fault l = Abort (4 + l)
let kinds = [| "load"; "store"; "fetch" |]

(* ---- trees ---- *)
(* The highest frame with 40-bit addresses: the model knows none, the hardware aborts. *)
let frames = 1 lsl 28

exception Beyond of int

let walk_log file wrong =
  let words : (int * int, int64) Hashtbl.t = Hashtbl.create 1024 in
  let root = ref 0 and depth = ref 0 in
  (* Called once at each level. *)
  let memory t i =
    incr depth;
    let t = int t in
    if t >= frames then raise (Beyond (!depth - 1));
    let d = try Hashtbl.find words (t, int i) with Not_found -> 0L in
    let level = !depth in
    match wrong with
    | "no blocks at level 1" when level = 1 && bits d 0 2 = 1 -> Z0
    | "blocks at level 3" when level = 3 && bits d 0 2 = 1 -> z (Int64.logor d 2L)
    | "valid bit ignored" when bits d 0 2 = 2 -> z (Int64.logor d 1L)
    | "bits 51:48 wanted 0" when bits d 48 4 <> 0 -> Z0
    | _ -> z d
  in
  let translate fn =
    depth := 0;
    let fn' = if wrong = "one level-1 table" then fn land ((1 lsl 27) - 1) else fn in
    match translate memory (zi !root) (zi fn') with
    | Leaf (l, Zpos d, p) ->
        let l = int l and d = of_positive64 d and p = int p in
        let p = if wrong = "low address bits of blocks" && l < 3 then p lor (bits d 12 36) else p in
        let p = if wrong = "blocks of one page" && l < 3 then bits d 12 36 else p in
        Some (l, d, p), l
    | Leaf _ -> failwith "a leaf that is 0"
    | Fault (l, _) -> None, int l
  in
  (* What the model and the bits that it leaves out say of an access; None: no claim. *)
  let expected kind fn =
    match translate fn with
    | exception Beyond l -> count "address beyond 40 bits"; Some (Abort l)
    | None, l -> Some (translation_fault l)
    | Some (_, _, p), l when p >= frames -> count "address beyond 40 bits"; Some (Abort l)
    | Some (_, d, _), l when not (bit d 10) -> Some (Abort (8 + l))
    | Some (_, d, p), l -> (
        let allowed = if kind = 0 then bit d 6 else if kind = 1 then bit d 7 else not (bit d 54) in
        match kind with
        (* bit 53 is a part of XN with FEAT_XNX, and else reserved; KCore leaves it 0 *)
        | 2 when bit d 53 -> None
        | _ -> Some (if allowed then Page p else Abort (12 + l)))
  in
  let compare how kind ipa got =
    let fn = Int64.to_int (Int64.shift_right_logical ipa 12) in
    match expected kind fn with
    | None -> ()
    | Some want ->
        if want <> got then
          differ "%s of %Lx (%s): %s, by the model %s" kinds.(kind) ipa how (show got) (show want);
        count (Printf.sprintf "%s by %s" kinds.(kind) how);
        (match got with
         | Page _ -> count (Printf.sprintf "page at level %d" (match translate fn with _, l -> l))
         | Abort f -> count (Printf.sprintf "%s fault at level %d"
             [| "address size"; "translation"; "access flag"; "permission" |].(f / 4) (f mod 4)))
  in
  each_line file (function
    | [ "R"; r ] -> Hashtbl.reset words; root := Int64.to_int (number r); count "tree"
    | [ "D"; t; i; d ] -> Hashtbl.replace words (Int64.to_int (number t), Int64.to_int (number i)) (number d)
    | [ "P"; ipa; r; w ] -> compare "AT" 0 (number ipa) (answer r); compare "AT" 1 (number ipa) (answer w)
    | [ "L"; ipa; a ] -> compare "EL1" 0 (number ipa) (answer a)
    | [ "X"; ipa; a ] -> compare "EL1" 2 (number ipa) (answer a)
    | [ "C"; "0" ] -> ()
    | [ "C"; _ ] -> differ "by the model walkers do not write tables: they have changed"
    | w -> differ "what is '%s'?" (String.concat " " w));
  [ "tree"; "load by AT"; "store by AT"; "load by EL1"; "fetch by EL1"; "page at level 1"; "page at level 2";
    "page at level 3"; "translation fault at level 0"; "translation fault at level 1";
    "translation fault at level 2"; "translation fault at level 3"; "address beyond 40 bits";
    "access flag fault at level 1"; "access flag fault at level 2"; "access flag fault at level 3";
    "permission fault at level 1"; "permission fault at level 2"; "permission fault at level 3" ]

(* ---- histories ---- *)
type spot = {
  vmid : int;
  fn : int;
  mutable view : view;
  mutable page : answer;                (* by the tables as they are *)
  last : (int, int) Hashtbl.t;          (* page -> the last event at which it was the right one *)
}

let tlb_log file =
  let words = Hashtbl.create 256 and roots = Hashtbl.create 8 and fns = ref [] and spots = ref [] in
  let time = ref 0 and switched = [| 0; 0 |] and current = [| -1; -1 |] and others = Hashtbl.create 8 in
  let memory t i = try Hashtbl.find words (int t, int i) with Not_found -> Z0 in
  let root h = zi (Hashtbl.find roots h) in
  let refresh s =
    (match s.page with Page p -> Hashtbl.replace s.last p !time | Abort _ -> ());
    s.page <- (match translate memory (root s.vmid) (zi s.fn) with
      | Leaf (_, _, p) -> Page (int p)
      | Fault (l, _) -> translation_fault (int l));
    (match s.page with Page p -> Hashtbl.replace s.last p !time | Abort _ -> ())
  in
  let settle s v = s.view <- settle_view memory (root s.vmid) (zi s.fn) v; refresh s in
  let start () =
    spots := List.concat_map (fun h -> List.map (fun fn ->
      let s = { vmid = h; fn; view = empty; page = Abort 0; last = Hashtbl.create 8 } in
      settle s empty; s) !fns) (Hashtbl.fold (fun h _ a -> h :: a) roots [])
  in
  (* A walk that does not use the word goes on as before (Walk.v, write_elsewhere). *)
  let uses t i s = List.exists (fun (l, u) -> int u = t && int (index l (zi s.fn)) = i) s.view.v_walks in
  let may_fault l s =
    List.exists (fun (l', t) -> int l' = l &&
      match memory t (index l' (zi s.fn)) with
      | Z0 -> true
      | d -> let m = int (Z.modulo d (zi 4)) in not (m = 3 || (m = 1 && l < 3))) s.view.v_walks
  in
  let note_stale s cpu stage1 kind p =
    let right = try Hashtbl.find s.last p with Not_found -> -1 in
    count ("stale " ^ kinds.(kind));
    count (if stage1 = 1 then "stale with stage 1 on" else "stale with stage 1 off");
    (match s.page with Abort _ -> count "stale: no translation any more" | Page _ -> count "stale: another page now");
    if right < 0 then count "mixture of old and new tables";
    if right >= 0 && switched.(cpu) > right then count "survived a change of VMID";
    if right >= 0 && (try Hashtbl.find others s.vmid with Not_found -> 0) > right then
      count "survived another VMID's invalidation"
  in
  each_line file (fun w ->
    incr time;
    match List.hd w, List.tl w with
    | "B", [] ->
        Hashtbl.reset words; Hashtbl.reset roots; Hashtbl.reset others;
        fns := []; spots := []; current.(0) <- -1; current.(1) <- -1; count "history"
    | "R", [ h; r ] -> Hashtbl.replace roots (Int64.to_int (number h)) (Int64.to_int (number r))
    | "F", [ f ] -> fns := Int64.to_int (number f) :: !fns
    | "W", [ t; i; d ] ->
        if !spots = [] then start ();
        let t = Int64.to_int (number t) and i = Int64.to_int (number i) in
        let hit = List.filter (uses t i) !spots in
        Hashtbl.replace words (t, i) (z (number d));
        List.iter (fun s -> settle s s.view) hit;
        count "write"
    | "I", [ _; h ] ->
        let h = Int64.to_int (number h) in
        List.iter (fun s -> if s.vmid = h then settle s empty) !spots;
        Hashtbl.iter (fun h' _ -> if h' <> h then Hashtbl.replace others h' !time) roots;
        count "invalidation"
    | "A", [ cpu; h; s1; kind; fn; a ] ->
        let int s = Int64.to_int (number s) in
        let cpu = int cpu and h = int h and s1 = int s1 and kind = int kind and fn = int fn and got = answer a in
        let s = List.find (fun s -> s.vmid = h && s.fn = fn) !spots in
        if current.(cpu) <> h then (current.(cpu) <- h; switched.(cpu) <- !time);
        count kinds.(kind);
        refresh s;
        if got = s.page then count "as the tables say"
        else (
          (match got with
           | Page p when List.mem (zi p) s.view.v_pages -> note_stale s cpu s1 kind p
           | Abort f when f / 4 = 1 && may_fault (f mod 4) s -> count "fault of an older walk"
           | _ -> differ "%s of VMID %d, frame %x, CPU %d: %s; by the tables %s; allowed: %s" kinds.(kind) h fn cpu
               (show got) (show s.page)
               (String.concat " " (List.map (fun p -> Printf.sprintf "%x" (to_int p)) s.view.v_pages))))
    | _ -> differ "what is '%s'?" (String.concat " " w));
  [ "history"; "write"; "invalidation"; "load"; "store"; "fetch"; "as the tables say"; "stale load"; "stale store";
    "stale fetch"; "stale with stage 1 off"; "stale with stage 1 on"; "stale: no translation any more";
    "stale: another page now" ]

let () =
  let wanted =
    try
      match Sys.argv with
      | [| _; "walk"; log |] -> walk_log log ""
      | [| _; "walk"; log; wrong |] -> walk_log log wrong
      | [| _; "tlb"; log |] -> tlb_log log
      | _ -> prerr_endline "judge walk LOG [WRONG] | judge tlb LOG"; exit 2
    with Different why -> print_endline why; exit 1
  in
  Hashtbl.fold (fun k n a -> (k, n) :: a) seen [] |> List.sort compare
  |> List.iter (fun (k, n) -> Printf.printf "%8d  %s\n" n k);
  match List.filter (fun k -> not (Hashtbl.mem seen k)) wanted with
  | [] -> ()
  | none -> Printf.printf "never seen: %s\n" (String.concat ", " none); exit 3
